"""How the hidden layers of anybody's network are found: by reading it, or by following it as it runs."""
