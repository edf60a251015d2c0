"""Pictures that people upload: a logo, an offer's picture."""
