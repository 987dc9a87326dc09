"""Libraries of mmsearch as parts of other frameworks. Each module needs the extra of its name."""
