"""The shell of `bellbuoy query`: what is typed, what it means, what is shown."""
