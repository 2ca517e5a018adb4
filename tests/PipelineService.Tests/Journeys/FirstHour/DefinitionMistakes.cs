namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>Definitions: JSON that breaks, words in the wrong place, types of databases, constraints that mean nothing.</summary>
internal static class DefinitionMistakes
{
    public static IEnumerable<Mistake> All => [.. BrokenJson, .. WrongPlaces, .. WrongTypes, .. WrongConstraints];

    private static Mistake[] BrokenJson =>
    [
        Mistake.Json("nothing", "", "The body is empty", "-d @FILE"),
        Mistake.Json("a comma too many", "{ \"schema\": { \"fields\": [],\n} }", "Line 2, character 1: a comma stands before the closing bracket"),
        Mistake.Json("a comma too few", "{ \"title\": \"ä\" \"schema\": {} }", "Line 1, character 16: a comma is missing"),
        Mistake.Json("apostrophes", "{ 'schema': {} }", "Line 1, character 3: an apostrophe: names and texts stand in double quotes."),
        Mistake.Json("a name without quotes", "{ schema: {} }", "Line 1, character 3: a name stands in double quotes."),
        Mistake.Json("a brace too few", "{ \"schema\": {\n  \"fields\": []\n}", "Line 3, character 2: the JSON ends before it is complete"),
        Mistake.Json("two documents", "{} {}", "Line 1, character 4: the JSON has ended before this"),
        Mistake.Json("a comment in JSON", "{\n  // fields\n  \"schema\": {} }", "Line 2, character 3: JSON has no comments"),
        Mistake.Json("a line end in a text", "{ \"title\": \"two\nlines\" }", "write it as an escape, such as \\n"),
        Mistake.Json("Python's words", "{ \"dialect\": { \"header\": True } }", "Line 1, character 26: true, false and null are written in lower case."),
        Mistake.Json("NaN", "{ \"rejects\": { \"maxRatio\": NaN } }", "NaN and Infinity are not JSON"),
        Mistake.Json("a page for a definition", "<!DOCTYPE html>", "Line 1, character 1: this looks like HTML or XML"),
        Mistake.Json("a property twice", "{ \"schema\": {},\n  \"schema\": {} }", "Line 2, character 3: \"schema\" is there twice"),
        Mistake.Json("too many brackets", new string('[', 40), "nested deeper than 32 levels"),
        Mistake.Definition("a list of fields", "[ { 'name': 'a' } ]", "Must be an object with a schema in it"),
    ];

    private static Mistake[] WrongPlaces =>
    [
        Mistake.Definition("another name than the address has", With("'name': 'other'"), "/name: Is \"other\"", "PUT it to /v1/datasets/other"),
        Mistake.Definition("no schema", "{ 'title': 'a' }", "/schema: Is missing"),
        Mistake.Definition("fields without a schema", "{ 'fields': [ { 'name': 'a' } ] }", "/fields:", "Did you mean \"schema.fields\"?"),
        Mistake.Definition("columns", "{ 'schema': { 'columns': [ { 'name': 'a' } ] } }", "/schema/columns:", "Did you mean \"fields\"?"),
        Mistake.Definition("a delimiter without a dialect", With("'delimiter': ';'"), "/delimiter:", "Did you mean \"dialect.delimiter\"?"),
        Mistake.Definition("a separator", With("'dialect': { 'separator': ';' }"), "/dialect/separator:", "Did you mean \"delimiter\"?"),
        Mistake.Definition("ragged rows as elsewhere", With("'dialect': { 'allowJaggedRows': true }"), "/dialect/allowJaggedRows:", "Did you mean \"raggedRows\"?"),
        Mistake.Definition("a table without load", With("'table': 'public.a'"), "/table:", "Did you mean \"load.table\"?"),
        Mistake.Definition("a schema of the table", With("'load': { 'schema': 'public' }"), "/load/schema:", "\"table\": \"schema.table\""),
        Mistake.Definition("a primary key without a schema", With("'primaryKey': ['a']"), "/primaryKey:", "Did you mean \"schema.primaryKey\"?"),
        Mistake.Definition("a key that is no field", "{ 'schema': { 'fields': [ { 'name': 'trip_id' } ], 'primaryKey': ['trip'] } }", "/schema/primaryKey: \"trip\" is not the name of a field."),
        Mistake.Definition("required in the field", Field("'required': true"), "/schema/fields/0/required:", "Did you mean \"constraints.required\"?"),
        Mistake.Definition("nullable", Field("'nullable': false"), "/schema/fields/0/nullable:", "Did you mean \"constraints.required\"?"),
        Mistake.Definition("minimum in the field", Field("'type': 'integer', 'minimum': 1"), "Did you mean \"constraints.minimum\"?"),
        Mistake.Definition("a primary key in the field", Field("'primaryKey': true"), "\"primaryKey\": [ … ]"),
        Mistake.Definition("a default", Field("'default': 0"), "ALTER TABLE … SET DEFAULT"),
        Mistake.Definition("a length", Field("'length': 20"), "maxLength", "varchar"),
        Mistake.Definition("a slip of the hand", Field("'tpye': 'integer'"), "/schema/fields/0/tpye:", "Did you mean \"type\"?"),
        Mistake.Definition("a data package", "{ 'resources': [] }", "/resources:", "send one of its resources alone"),
        Mistake.Definition("JSON lines by format", With("'format': 'jsonl'"), "/format:", "Did you mean \"ndjson\""),
        Mistake.Definition("GeoJSON by format", With("'format': 'geojson'"), "/format:", "Use \"json\"", "\"property\": \"features\""),
        Mistake.Definition("an old workbook by format", With("'format': 'xls'"), "/format:", "export the data as CSV or NDJSON"),
        Mistake.Definition("another encoding", With("'encoding': 'utf-7'"), "/encoding:", "use one of utf-8, "),
        Mistake.Definition("upsert", With("'load': { 'mode': 'upsert' }"), "/load/mode:", "This version cannot do it: use append, or replace"),
        Mistake.Definition("a name as long as the definition", With($"'load': {{ '{new string('x', 900_000)}': 1 }}"), new string('x', 100) + "…"),
    ];

    private static Mistake[] WrongTypes =>
    [
        OfType("int", "integer", "\"sqlType\": \"int\""),
        OfType("bigint", "integer"),
        OfType("serial", "integer"),
        OfType("varchar(20)", "string", "\"sqlType\": \"varchar(20)\""),
        OfType("text", "string"),
        OfType("uuid", "string", "\"sqlType\": \"uuid\""),
        OfType("float", "number", "\"sqlType\": \"float\""),
        OfType("double", "number"),
        OfType("decimal(10,2)", "number", "\"sqlType\": \"decimal(10,2)\""),
        OfType("timestamp", "datetime", "\"sqlType\": \"timestamp\""),
        OfType("timestamptz", "datetime"),
        OfType("bool", "boolean"),
        OfType("jsonb", "object"),
        OfType("text[]", "array"),
        OfType("inet", "string", "\"sqlType\": \"inet\""),
        Mistake.Definition("a type that nobody has", Field("'type': 'banana'"), "/schema/fields/0/type: \"banana\" is not known here: use one of string, number"),
        OfType("interger", "integer"),
        Mistake.Definition("a day without a year", Field("'type': 'date', 'format': '%d.%m.'"), "/schema/fields/0/format:", "has no year: %Y or %y."),
        Mistake.Definition("a column type that does not fit", Field("'type': 'date', 'sqlType': 'integer'"), "/schema/fields/0/sqlType:", "cannot be stored as integer"),
    ];

    private static Mistake[] WrongConstraints =>
    [
        Mistake.Definition(
            "several faults in one field",
            Field("'type': 'integer', 'constraints': { 'minimum': 'x', 'enum': [1, 'two', 3, 'four'], 'pattern': '(?=x)' }"),
            "/schema/fields/0/constraints/minimum: minimum \"x\" is not a value of type integer",
            "/schema/fields/0/constraints/enum/1: enum \"two\"",
            "/schema/fields/0/constraints/enum/3: enum \"four\"",
            "/schema/fields/0/constraints/pattern: Does not apply to fields of type integer."),
        Mistake.Definition(
            "look-ahead", Field("'type': 'string', 'constraints': { 'pattern': '(?=x)' }"), "/constraints/pattern:", "look-around"),
        Mistake.Definition(
            "a pattern that is none", Field("'type': 'string', 'constraints': { 'pattern': '[a' }"), "/constraints/pattern:", "cannot be read at character"),
        Mistake.Definition(
            "bounds the wrong way round", Field("'type': 'integer', 'constraints': { 'minimum': 2, 'maximum': 1 }"), "/constraints/maximum:", "no value could pass"),
        Mistake.Definition("a length of numbers", Field("'type': 'integer', 'constraints': { 'maxLength': 2 }"), "/constraints/maxLength:", "Does not apply"),
        Mistake.Definition("unique beside the type", Field("'unique': true"), "/schema/fields/0/unique:", "\"constraints.unique\""),
    ];

    private static Mistake OfType(string word, string meant, params string[] says) =>
        Mistake.Definition($"the type {word}", Field($"'type': '{word}'"), ["/schema/fields/0/type:", $"Did you mean \"{meant}\"?", .. says]);

    private static string Field(string parts) => $"{{ 'schema': {{ 'fields': [ {{ 'name': 'a', {parts} }} ] }} }}";

    private static string With(string part) => $"{{ 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }}, {part} }}";
}
