"""The nets that understand what patients say: their sentences, and the fitting of their weights."""
