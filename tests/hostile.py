"""Texts that were made to hurt, each used by the tests of the part that meets it and by the campaign on the whole
program."""

from __future__ import annotations

import re

#: References that grow nine times a line: 271 bytes that become gigabytes once they are resolved.
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)

#: Ways out of a template's sandbox.
ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ row.__class__ }}",
    "{{ row['__class__'] }}",
    "{{ row | attr('__class__') }}",
    "{{ row.text | attr('__init__') }}",
    "{{ ()|attr('__class__')|attr('__base__') }}",
    "{{ '{0.__class__}'.format(row) }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{{ '{0.__class__}' | format(1) }}{{ row.text.__doc__ }}",
    "{{ [''.format][0].__self__ }}",
    "{% set f = '{0.__class__.__mro__}'.format %}{{ f('x') }}",
    "{{ ['{0.__class__}'.format] | map('first') | list }}{{ ''.__class__ }}",
    "{{ (['{0.__class__.__mro__}'] | map(attribute='format') | first)(1) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__ }}",
    "{{ joiner() }}",
    "{{ namespace() }}",
    "{{ range(9) }}",
    "{{ dict() }}",
    "{{ config }}",
    "{{ request }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ open('/etc/passwd') }}",
    "{{ row.tags.append('x') }}",
    "{{ row.meta.update({'x': 2}) }}",
    "{{ row.tags.sort() }}",
    "{% for x in [row.tags.clear] %}{{ x() }}{% endfor %}",
    "{{ [1, 2] | random }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../etc/passwd' %}",
    "{% import '/etc/passwd' as x %}",
    "{% extends '/etc/passwd' %}",
    "{% include row.text %}",
    "{% from '../x' import y %}",
]

#: Templates that would make something huge.
PADDING = [
    "{{ 'x' * 2000000000 }}",
    "{{ 2000000000 * 'x' }}",
    "{{ [0] * 2000000000 }}",
    "{{ (0,) * 2000000000 }}",
    "{{ '%2000000000d' % 1 }}",
    "{{ '%*d' % (2000000000, 1) }}",
    "{{ '%.2000000000f' % 1.5 }}",
    "{{ '%2000000000d' | format(1) }}",
    "{{ '%(a)2000000000d' | format(a=1) }}",
    "{{ '{:>2000000000}'.format(1) }}",
    "{{ '{:{w}}'.format(1, w=2000000000) }}",
    "{{ '{a:2000000000}'.format_map({'a': 1}) }}",
    "{{ 'a'.ljust(2000000000) }}",
    "{{ 'a'.rjust(2000000000) }}",
    "{{ 'a'.center(2000000000) }}",
    "{{ 'a'.zfill(2000000000) }}",
    "{{ '\\t'.expandtabs(2000000000) }}",
    "{{ '\\t'.expandtabs(tabsize=2000000000) }}",
    "{{ 'aaaaaaaa'.replace('a', 'b'.ljust(9000000)) }}",
    "{{ ('a'.ljust(9000000)).join(['1', '2', '3', '4']) }}",
    "{{ ('a'.ljust(9000000)).join('1234') }}",
    "{{ 'aaaaaaaa' | replace('a', 'b'.ljust(9000000)) }}",
    "{{ [1, 2, 3, 4] | join('a'.ljust(9000000)) }}",
    "{{ 'a' | center(2000000000) }}",
    "{{ 'a\\nb' | indent(2000000000) }}",
    "{{ 'a\\nb' | indent(width=2000000000) }}",
    "{{ [1] | batch(2000000000, 0) | list }}",
    "{{ [1] | slice(2000000000) | list }}",
    "{{ ('a '.ljust(9000)) | wordwrap(1, wrapstring='b'.ljust(9000)) }}",
    "{{ {'a': [1]} | tojson(indent=2000000000) }}",
    "{{ 9 ** 99999999 }}",
    "{{ (9 ** 9999) * (9 ** 19999) }}",
    "{{ (1).to_bytes(2000000000, 'big') }}",
    "{{ 1.5 | round(2000000000) }}",
    "{{ [1] | map('center', 2000000000) | list }}",
    "{{ 'aaaaaaaa'.translate({97: 'b'.ljust(9000000)}) }}",
]

#: What moves a cursor, rings, copies, reorders or hides text, and what is markup for GitHub.
EVIL = ("\x1b[2J\x1b]52;c;aGk=\x07", "a\rb", "a\nb", "a\x9b31mb", "\u202egnp.exe", "z\u200bw", "\x7f", "\ud800",
        "\u2028", "<img src=x>", "@everyone", "![x](https://evil.test/x.png)", "| cell |", "`code`", "</details>")

#: No screen shows one of these.
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

#: What a spreadsheet runs.
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1",
            '=HYPERLINK("http://evil.test","x")', "=cmd|' /C calc'!A0")

#: Paths that lead out of a project, or to what is no file.
PATHS = (
    "../outside.csv", "../../etc/passwd", "a/../../outside.csv", "~/outside.csv", "~root/x.csv", "file:///etc/passwd",
    "s3://bucket/x.csv", "link.csv", "linked/x.csv", "pipe.csv", "C:\\outside.csv", "\\\\host\\share\\x.csv", "", ".",
    "..", "/dev/stdin", "/dev/zero", ".git/config",
)
