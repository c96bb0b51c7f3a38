"""What smskit talks about: frozen values without behaviour of their own beyond their meaning."""
