"""Plugins: what one may bring, how they are found and put in order. The app takes up what they bring."""
