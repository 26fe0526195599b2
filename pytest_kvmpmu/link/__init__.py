"""Links to agents: a channel of frames, requests and answers on it, an agent in a process."""
