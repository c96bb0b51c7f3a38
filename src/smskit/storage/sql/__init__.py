"""The built-in store: hand-written SQL, one file per subject, run by whatever speaks the dialect.

The functions here are whole transactions or parts of one. They get a `Tx`, never a connection, and never wait.
"""
