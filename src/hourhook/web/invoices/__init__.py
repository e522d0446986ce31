"""``/invoices``: from unbilled time to paid."""
