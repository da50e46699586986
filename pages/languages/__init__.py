"""The languages that pages speak: catalogues, numbers, and which one a visitor reads.

The catalogues beside this module are gettext's. After a change of sentences, for each language:

    pybabel extract --no-location -k _ -k marked -k pgettext:1c,2 -o messages.pot pages
    pybabel update -N -w 96 -i messages.pot -l fr -o pages/languages/fr.po
"""
