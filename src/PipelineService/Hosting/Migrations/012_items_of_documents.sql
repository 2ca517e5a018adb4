-- Records that are items of a document: which one of them a dead letter is.

ALTER TABLE pipeline.dead_letters ADD COLUMN item bigint;

COMMENT ON COLUMN pipeline.dead_letters.item IS 'Number of the record among the items of its document, from 1 on, where dialect.items makes many records of one document; byte_offset is where that document begins. NULL: the record is no item.';
