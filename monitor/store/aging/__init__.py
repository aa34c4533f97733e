"""What time does to what is stored: retention."""
