"""From what is asked, recorded and observed to what is to be done: pure, with no clock, disk or network."""
