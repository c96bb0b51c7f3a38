"""What runs by itself, in order: judging, handing over, receiving. It sees drivers and stores only as interfaces."""
