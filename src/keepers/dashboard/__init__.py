"""The dashboard: pages for people, made of the values that are served and of what the newest run says."""
