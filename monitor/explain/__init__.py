"""From a change of an incident to the page that tells it: what broke, since when, how bad, where, what came before."""
