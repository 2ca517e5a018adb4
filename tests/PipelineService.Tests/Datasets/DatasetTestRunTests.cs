using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Definitions.Tests;
using PipelineService.Datasets.Lookups;

namespace PipelineService.Tests.Datasets;

/// <summary>Tests in a definition: what passes is silent, what fails shows both sides at its place.</summary>
public sealed class DatasetTestRunTests
{
    private const string Fields = """
        { 'name': 'id', 'type': 'integer', 'constraints': { 'required': true } },
        { 'name': 'fare', 'type': 'number', 'sqlType': 'numeric(10,2)', 'constraints': { 'minimum': 0 } },
        { 'name': 'at', 'type': 'datetime' },
        { 'name': 'note', 'type': 'string', 'source': 'a note' },
        { 'name': 'extra', 'type': 'object' }
        """;

    [Theory]
    [InlineData("{ 'record': { 'id': '1', 'fare': '2.5' }, 'row': { 'id': 1, 'fare': '2.50', 'at': null } }")]
    [InlineData("{ 'record': { 'id': 1, 'fare': 2.50 }, 'row': { 'fare': 2.5, 'note': null } }")]
    [InlineData("{ 'record': { 'id': 1, 'at': '2026-01-31T12:00:00Z' }, 'row': { 'at': '2026-01-31T13:00:00+01:00' } }")]
    [InlineData("{ 'record': { 'id': 1, 'a note': 'two\\nlines' }, 'row': { 'note': 'two\\nlines' } }")]
    [InlineData("{ 'record': { 'id': 1, 'extra': { 'b': 1, 'a': [ 'x' ] } }, 'row': { 'extra': { 'a': [ 'x' ], 'b': 1 } } }")]
    [InlineData("{ 'record': { 'id': 1 }, 'row': { } }")]
    [InlineData("{ 'record': { 'id': 'x', 'fare': -1 }, 'rejected': 'minimum' }")]
    [InlineData("{ 'record': { 'fare': '1' }, 'rejected': 'required' }")]
    [InlineData("{ 'record': { 'id': 1, 'unknown': '1' }, 'rejected': 'too_many_fields' }")]
    public async Task Says_nothing_of_one_that_passes(string test) => Assert.Empty(await FaultsOfAsync(test));

    [Theory]
    [InlineData(
        "{ 'record': { 'id': 1, 'fare': 2 }, 'row': { 'fare': 3, 'note': '' } }",
        "/tests/0/row/fare: 3.00 was expected, but the row has 2.00.")]
    [InlineData(
        "{ 'record': { 'id': 1, 'a note': 'null' }, 'row': { 'note': null } }",
        "/tests/0/row/note: null was expected, but the row has \"null\".")]
    [InlineData(
        "{ 'record': { 'id': 1, 'extra': { 'a': '\\\\' } }, 'row': { 'extra': { 'a': 1 } } }",
        "/tests/0/row/extra: {\"a\":1} was expected, but the row has {\"a\":\"\\\\\"}.")]
    [InlineData(
        "{ 'record': { 'id': 1 }, 'row': { 'fares': 1 } }",
        "/tests/0/row/fares: The dataset has no column \"fares\". Did you mean \"fare\"?")]
    [InlineData(
        "{ 'record': { 'id': 1, 'fare': 1 }, 'row': { 'fare': -1 } }",
        "/tests/0/row/fare: No row can have this: Must be at least 0. This one has 1.00.")]
    [InlineData(
        "{ 'record': { 'id': 'x' }, 'row': { 'id': 1 } }",
        "/tests/0/row: A row was expected, but it was rejected: type_mismatch of id: Not an integer: expected digits with an optional sign, such as -12.")]
    [InlineData(
        "{ 'record': { 'id': 1, 'fare': 2 }, 'rejected': 'minimum' }",
        "/tests/0/rejected: A reject with minimum was expected, but the row is id = 1, fare = 2.00, at = null, note = null, extra = null.")]
    [InlineData(
        "{ 'record': { 'id': 1 }, 'filtered': 'paid_only' }",
        "/tests/0/filtered: The record was expected to be filtered by paid_only, but the row is id = 1, fare = null, at = null, "
        + "note = null, extra = null.")]
    public async Task Shows_both_sides_of_one_that_fails(string test, string fault) => Assert.Equal([fault], await FaultsOfAsync(test));

    [Fact]
    public async Task Tells_of_each_that_fails_at_once() => Assert.Equal(
        ["/tests/0/row/id", "/tests/0/row/fare", "/tests/2/rejected"],
        (await FaultsOfAsync("""
            { 'record': { 'id': 1, 'fare': 1 }, 'row': { 'id': 2, 'fare': 3 } },
            { 'record': { 'id': 1 }, 'row': { 'id': 1 } },
            { 'record': { 'id': 1 }, 'rejected': 'required' }
            """)).Select(fault => fault[..fault.IndexOf(':')]));

    [Theory]
    [InlineData("{ 'row': { } }", "/tests/0/record: Is missing: an object with the fields as the data calls them.")]
    [InlineData("{ 'record': [ ], 'rejected': 'required' }", "/tests/0/record: Must be an object.")]
    [InlineData("{ 'record': { }, 'filtered': false }", "/tests/0/filtered: Must be true, or the name of a filter.")]
    [InlineData("{ 'record': { }, 'rejects': 'required' }", "/tests/0/rejects: \"rejects\" is not a known property. Did you mean \"rejected\"?")]
    [InlineData("{ 'record': { }, 'row': { }, 'rejected': 'required' }", "/tests/0: Must say what becomes of the record, in one way")]
    [InlineData("{ 'record': { } }", "/tests/0: Must say what becomes of the record, in one way")]
    public void Refuses_one_that_says_not_what_is_meant(string test, string fault) =>
        Assert.Contains(DefinitionText.Faults(WithTests(test)), found => found.StartsWith(fault, StringComparison.Ordinal));

    [Fact]
    public void Is_written_as_it_was_read()
    {
        string tests = "{ 'record': { 'id': 1 }, 'row': { 'id': 1 } }, { 'record': { 'id': 1 }, 'rejected': 'unique' }, "
            + "{ 'record': { 'id': 1 }, 'filtered': 'a' }, { 'record': { 'id': 1 }, 'filtered': true }";
        DatasetDefinition definition = DefinitionText.Read(WithTests(tests));

        DatasetDefinition again = DefinitionText.Read(DefinitionWriter.Write(definition));

        Assert.Equal(4, definition.Tests.Length);
        Assert.Equal(definition.Tests.Select(WithoutTables), again.Tests.Select(WithoutTables));

        static DatasetTest WithoutTables(DatasetTest test)
        {
            ImmutableDictionary<string, ImmutableArray<string>> none = ImmutableDictionary<string, ImmutableArray<string>>.Empty;
            return test with { Lookups = none, Services = none }; // which are no equals of each other
        }
    }

    private static string WithTests(string tests) => $"{{ 'schema': {{ 'fields': [ {Fields} ] }}, 'tests': [ {tests} ] }}";

    private static async Task<string[]> FaultsOfAsync(string tests) =>
    [
        .. (await DatasetTestRun.FaultsOfAsync(
                new RowPlan(DefinitionText.Read(WithTests(tests))), LookupSources.None, versions: null, binder: null, TestContext.Current.CancellationToken))
            .SelectMany(e => e.Value.Select(message => $"{e.Key}: {message}")),
    ];
}
