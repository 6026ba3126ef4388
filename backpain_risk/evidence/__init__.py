"""What the literature says: accuracy of findings and tests, base rates, case mix, and how sure
anyone can be.
"""
