"""What later events say of earlier ones: late labels, further attempts, the rest of the interaction."""
