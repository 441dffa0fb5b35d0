"""What the user asks for: manifests, inputs, templates, and the requests that they make."""
