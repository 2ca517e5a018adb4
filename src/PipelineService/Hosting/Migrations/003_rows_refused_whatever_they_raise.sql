-- Inserts rows of a staging table one by one and returns those that did not land, each with its reason: the SQLSTATE and
-- the words that it raised, or an empty state when a trigger let it fall. What a row alone raises belongs to the row,
-- whatever its code, ASSERT included; errors that match the pattern belong to somebody else and end the call. Subqueries
-- and columns of the table may have any name: what is ours begins with an underscore, and the statements are dynamic. The
-- identifiers come quoted from the caller.
--
-- Beside pipeline.insert_one_by_one (text, text, text, integer[]), which instances of the version before still call.
CREATE FUNCTION pipeline.insert_one_by_one(
    _target text, _columns text, _stage text, _number text, _order integer[], _not_a_row text,
    OUT _row integer, OUT _state text, OUT _message text, OUT _constraint text, OUT _column text)
RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
    _place tid;
    _has_landed boolean;
BEGIN
    -- Prepared, so that the statement is planned once and not once a row. One that a call left behind when it was ended
    -- is of a staging table that is gone: no transaction takes a prepared statement along.
    IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE name = 'pipeline_insert_one') THEN
        DEALLOCATE pipeline_insert_one;
    END IF;
    -- COPY writes identity columns as they come, and so does this.
    EXECUTE format(
        'PREPARE pipeline_insert_one (tid) AS INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE '
        'SELECT %2$s FROM %3$s WHERE ctid = $1 RETURNING true',
        _target, _columns, _stage);
    FOR _row, _place IN EXECUTE format(
        'SELECT o.number, s.ctid FROM unnest($1) WITH ORDINALITY o (number, place) JOIN %s s ON s.%s = o.number ORDER BY o.place',
        _stage, _number) USING _order
    LOOP
        BEGIN
            EXECUTE format('EXECUTE pipeline_insert_one (%L)', _place) INTO _has_landed;
            IF _has_landed IS NULL THEN
                _state := '';
                _message := '';
                _constraint := '';
                _column := '';
                RETURN NEXT;
            END IF;
        EXCEPTION WHEN OTHERS OR assert_failure THEN
            GET STACKED DIAGNOSTICS
                _state = RETURNED_SQLSTATE, _message = MESSAGE_TEXT,
                _constraint = CONSTRAINT_NAME, _column = COLUMN_NAME;
            IF _state ~ _not_a_row THEN
                RAISE;
            END IF;
            RETURN NEXT;
        END;
    END LOOP;
    DEALLOCATE pipeline_insert_one;
END $$;
