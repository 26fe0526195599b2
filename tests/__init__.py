"""Tests of the plugin, the model, the agent and what is between them."""
