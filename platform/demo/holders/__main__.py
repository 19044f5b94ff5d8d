"""Run the holders' server: python -m demo.holders HOST PORT"""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from demo.holders.server import Site, bind

    bind(sys.argv[1], int(sys.argv[2]), Site()).serve_forever()
