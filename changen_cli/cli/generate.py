HELP="x"
def command(): pass
