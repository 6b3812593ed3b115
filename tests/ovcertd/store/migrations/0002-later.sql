-- What a later version might change, for the tests of upgrades alone.
ALTER TABLE profile ADD COLUMN nickname TEXT NOT NULL DEFAULT '';
