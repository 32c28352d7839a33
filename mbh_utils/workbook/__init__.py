"""The chapters: what each must write, the object it writes with, and what executes them."""
