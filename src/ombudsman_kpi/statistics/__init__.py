"""How sure published figures are: plain numbers in, intervals out. Nothing here knows of records or schemes."""
