"""What training makes small: losses, penalties, regularisers. Each returns a value and that value's gradient."""
