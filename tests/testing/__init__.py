"""Tests of what the plugin has for the test suites of others."""
