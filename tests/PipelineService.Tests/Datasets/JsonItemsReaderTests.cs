using PipelineService.Core.Datasets;

namespace PipelineService.Tests.Datasets;

/// <summary>What a definition may say of records of JSON, and what it cannot mean.</summary>
public sealed class JsonItemsReaderTests
{
    [Theory]
    [InlineData("", JsonItemType.Object, "")]
    [InlineData("'itemType': null, 'itemKeys': null, 'property': null", JsonItemType.Object, "")]
    [InlineData("'itemType': 'object'", JsonItemType.Object, "")]
    [InlineData("'itemType': 'Array'", JsonItemType.Array, "")]
    [InlineData("'itemType': 'array', 'header': false", JsonItemType.Array, "")]
    [InlineData("'itemType': 'array', 'itemKeys': ['b', 'a c']", JsonItemType.Array, "b,a c")]
    [InlineData("'itemKeys': ['a c', 'b']", JsonItemType.Object, "a c,b")]
    public void Reads_what_the_standard_says_of_JSON(string dialect, JsonItemType type, string keys)
    {
        JsonItems items = DefinitionText.Read(With(dialect)).Items;

        Assert.Equal((type, keys), (items.Type, string.Join(',', items.Keys)));
    }

    [Theory]
    [InlineData("'itemType': 'list'", "/dialect/itemType: \"list\" is not known here: use one of object, array.")]
    [InlineData("'itemKeys': []", "/dialect/itemKeys: Must be 1 to 1606 names; leave it out to go by those of the schema.")]
    [InlineData("'itemKeys': 'b'", "/dialect/itemKeys: Must be an array.")]
    [InlineData("'itemKeys': ['b', 7]", "/dialect/itemKeys/1: Must be a text.")]
    [InlineData("'itemKeys': ['b', 'a c', 'b']", "/dialect/itemKeys: Has \"b\" more than once.")]
    [InlineData("'itemKeys': ['b', 'x']",
        "/dialect/itemKeys: The list does not match the schema (fieldsMatch: equal): missing \"a c\"; unknown \"x\".")]
    [InlineData("'keys': ['b']", "/dialect/keys: \"keys\" is not a known property. Did you mean \"itemKeys\"?")]
    public void Refuses_what_it_cannot_mean(string dialect, string fault) => Assert.Equal([fault], DefinitionText.Faults(With(dialect)));

    /// <summary>The names are known before there is an upload: what a header would be refused for is told at once.</summary>
    [Theory]
    [InlineData("exact", "'b', 'a c'", "the order must be \"a c\", \"b\"")]
    [InlineData("exact", "'a c', 'b'", null)]
    [InlineData("subset", "'x', 'b', 'a c'", null)]
    [InlineData("subset", "'x', 'b'", "missing \"a c\"")]
    [InlineData("superset", "'b'", null)]
    [InlineData("superset", "'x', 'b'", "unknown \"x\"")]
    [InlineData("partial", "'x', 'b'", null)]
    [InlineData("partial", "'x'", "none of the schema's fields \"a c\", \"b\"")]
    public void Keys_match_the_schema_as_a_header_does(string match, string keys, string? fault)
    {
        string text = With($"'itemKeys': [{keys}]", $", 'fieldsMatch': '{match}'");

        if (fault is null)
        {
            Assert.NotEmpty(DefinitionText.Read(text).Items.Keys);
        }
        else
        {
            Assert.Equal(
                [$"/dialect/itemKeys: The list does not match the schema (fieldsMatch: {match}): {fault}."], DefinitionText.Faults(text));
        }
    }

    [Fact]
    public void What_keys_pass_over_nothing_else_can_take()
    {
        const string Rest = ", 'rest': 'more'";

        Assert.Equal(
            ["/dialect/itemKeys: Passes over what it does not name, which schema.rest takes: leave one of them out."],
            DefinitionText.Faults(With("'itemKeys': ['a c', 'b']", Rest)));
        Assert.NotNull(DefinitionText.Read(With("'itemType': 'array', 'itemKeys': ['a c', 'b', 'x']", Rest)));
    }

    [Theory]
    [InlineData("'itemType': 'object'", "itemType")]
    [InlineData("'itemType': 'array'", "itemType")]
    [InlineData("'itemKeys': ['x']", "itemKeys")]
    [InlineData("'items': '/events'", "items")]
    public void Says_nothing_of_delimited_text(string dialect, string name) => Assert.Equal(
        [$"/dialect/{name}: Says what records of JSON are, and the format is \"csv\": set format to \"json\" or \"ndjson\", or leave it out."],
        DefinitionText.Faults($"{{ 'dialect': {{ {dialect} }}, 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }} }}"));

    [Theory]
    [InlineData("'rows'", ".rows[]")]
    [InlineData("'result rows'", ".[\"result rows\"][]")]
    [InlineData("'7'", ".[\"7\"][]")]
    [InlineData("''", ".[]")]
    public void A_document_is_no_line_and_the_fault_says_how_it_becomes_some(string property, string path)
    {
        string fault = "/dialect/property: Says where the records stand in one document: set format to \"json\" and send the document as "
            + $"application/json. As NDJSON send what jq -c '{path}' makes of it, and leave this out.";

        Assert.Equal([fault], DefinitionText.Faults(With($"'property': {property}")));
        Assert.Equal([fault], DefinitionText.Faults(With($"'property': {property}").Replace("ndjson", "csv", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("'property': 'rows'", "rows", "")]
    [InlineData("'property': '/data/a~1b'", "data|a/b", "")]
    [InlineData("'property': 'a.b'", "a.b", "")]
    [InlineData("'property': ''", "", "")]
    [InlineData("'items': '/a/b'", "", "a|b")]
    [InlineData("'items': '$.a.b'", "", "a|b")]
    [InlineData("'items': 'events', 'property': 'rows'", "rows", "events")]
    public void Reads_where_records_stand(string dialect, string property, string items)
    {
        JsonItems read = DefinitionText.Read(With(dialect).Replace("ndjson", "json", StringComparison.Ordinal)).Items;

        Assert.Equal((property, items), (string.Join('|', read.PropertyPath), string.Join('|', read.Names)));
    }

    [Theory]
    [InlineData("'property': 7", "/dialect/property: Must be a text.")]
    [InlineData("'property': '/a~2'", "/dialect/property: Begins as a JSON pointer does and has a ~ that is neither ~0 (for ~) nor ~1 (for /); "
        + "a name that begins with a slash is \"/~1…\".")]
    [InlineData("'items': 'a..b'", "/dialect/items: The path has an empty name between its dots: write \"/events\" or \"$.events\".")]
    [InlineData("'items': '$.a[*]'", "/dialect/items: The path is more than names with dots between them: write \"/events\" or \"$.events\".")]
    [InlineData("'items': '/a', 'itemType': 'array'", "/dialect/items: Makes records of objects: with dialect.itemType \"array\" leave it out.")]
    public void Refuses_places_that_are_none(string dialect, string fault) =>
        Assert.Equal([fault], DefinitionText.Faults(With(dialect).Replace("ndjson", "json", StringComparison.Ordinal)));

    [Theory]
    [InlineData("json", "", "/geo/lat", null)]
    [InlineData("ndjson", "'items': '/e'", "^/host", null)]
    [InlineData("json", "", "geo..lat", "The path has an empty name between its dots")]
    [InlineData("json", "", "geo/lat", "The path has a / in it and none before it: write \"/geo/lat\"")]
    [InlineData("csv", "", "/geo/lat", "Leads through records of JSON, and the format is \"csv\"")]
    [InlineData("json", "", "^/host", "dialect.items says of none")]
    [InlineData("json", "'itemType': 'array'", "/geo/lat", "records are arrays")]
    [InlineData("json", "'itemKeys': ['a']", "/geo/lat", "as dialect.itemKeys does")]
    public void A_path_leads_through_records_of_JSON(string format, string dialect, string path, string? fault)
    {
        string text = $"{{ 'format': '{format}', 'dialect': {{ {dialect} }}, 'schema': {{ 'fields': [ {{ 'name': 'a', 'path': '{path}' }} ] }} }}";

        if (fault is null)
        {
            Assert.Equal(path, DefinitionText.Read(text).Schema.Fields[0].Path?.Text);
        }
        else
        {
            string found = Assert.Single(DefinitionText.Faults(text));
            Assert.StartsWith("/schema/fields/0/path: ", found, StringComparison.Ordinal);
            Assert.Contains(fault, found, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Names_are_matched_only_where_there_are_any()
    {
        const string Match = ", 'fieldsMatch': 'equal'";

        string fault = Assert.Single(DefinitionText.Faults(With("'itemType': 'array', 'header': false", Match)));

        Assert.StartsWith("/schema/fieldsMatch: \"equal\" goes by names", fault, StringComparison.Ordinal);
        Assert.NotNull(DefinitionText.Read(With("'itemType': 'array', 'header': false, 'itemKeys': ['b', 'a c']", Match)));
        Assert.NotNull(DefinitionText.Read(With("'header': false", Match)));
    }

    private static string With(string dialect, string schema = "") =>
        $"{{ 'format': 'ndjson', 'dialect': {{ {dialect} }}, 'schema': {{ 'fields': [ {{ 'name': 'a c' }}, {{ 'name': 'b' }} ]{schema} }} }}";
}
