using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Lookups;

namespace PipelineService.Tests.Datasets.Lookups;

/// <summary>What a definition says of being looked up, and of looking up, is held against the other datasets when it is declared.</summary>
public sealed class LookupDefinitionTests
{
    private static readonly Dictionary<string, string> Known = new()
    {
        ["zones"] = """
            { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer' }, { 'name': 'borough', 'type': 'string' },
                { 'name': 'size', 'type': 'number', 'sqlType': 'numeric(8,2)' }, { 'name': 'tags', 'type': 'list' },
                { 'name': 'mail', 'type': 'string' } ], 'primaryKey': ['id'] },
              'transforms': [ { 'op': 'mask', 'fields': ['mail'], 'pii': true } ], 'load': { 'mode': 'replace' }, 'lookup': { } }
            """,
        ["prices"] = """
            { 'schema': { 'fields': [ { 'name': 'item', 'type': 'string' }, { 'name': 'day', 'type': 'date' }, { 'name': 'price', 'type': 'number' } ],
                'uniqueKeys': [['item', 'day']] }, 'load': { 'mode': 'replace' }, 'lookup': { 'key': ['day', 'item'] } }
            """,
        ["plain"] = "{ 'schema': { 'fields': [ { 'name': 'id' } ] }, 'load': { 'mode': 'replace' } }",
        ["adding"] = "{ 'schema': { 'fields': [ { 'name': 'id' } ] } }",
        ["circular"] = """
            { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer' } ], 'primaryKey': ['id'] }, 'load': { 'mode': 'replace' }, 'lookup': { },
              'transforms': [ { 'op': 'lookup', 'from': 'trips', 'match': { 'a': 'id' }, 'set': { 'b': 'b' }, 'into': [ { 'name': 'b', 'type': 'integer' } ] } ] }
            """,
    };

    [Theory]
    [InlineData("'from': 'zone', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/from: There is no dataset \"zone\": declare it first. Did you mean \"zones\"?")]
    [InlineData("'from': 'trips', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/from: A dataset cannot look itself up: which of its rows are there already would depend on the order of the data.")]
    [InlineData("'from': 'adding', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/from: Dataset \"adding\" cannot be looked up, because its uploads add to its rows: declare it with load.mode \"replace\" and "
        + "\"lookup\": { \"key\": [ … ] }.")]
    [InlineData("'from': 'plain', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/from: Dataset \"plain\" does not say by which key it can be looked up: declare it with \"lookup\": { \"key\": [ … ] }.")]
    [InlineData("'from': 'circular', 'match': { 'id': 'zone' }, 'set': { 'borough': 'id' }",
        "/transforms/0/from: A circle: trips, which looks up circular, which looks up trips. Which of them would be loaded first?")]
    [InlineData("'from': 'zones', 'match': { 'ids': 'zone' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/match/ids: \"ids\" is not in the key of \"zones\" (\"id\"). Did you mean \"id\"?")]
    [InlineData("'from': 'prices', 'match': { 'item': 'name' }, 'set': { 'price': 'price' }",
        "/transforms/0/match: Lacks \"day\": the key of \"prices\" is \"day\", \"item\", and all of it must be there.")]
    [InlineData("'from': 'zones', 'match': { 'id': 'zne' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/match/id: \"zne\" is not the name of a field here. Did you mean \"zone\"?")]
    [InlineData("'from': 'zones', 'match': { 'id': 'z*' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/match/id: Must be the name of one field: a pattern may stand for several.")]
    [InlineData("'from': 'zones', 'match': { 'id': 'name' }, 'set': { 'borough': 'borough' }",
        "/transforms/0/match/id: \"id\" of dataset \"zones\" is integer (bigint), and \"name\" is string (text) here: what is compared must be of one type. "
        + "Declare one of the two as the other, or derive a field of that type before.")]
    [InlineData("'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'boroug' }",
        "/transforms/0/set/borough: Dataset \"zones\" has no field \"boroug\". Did you mean \"borough\"?")]
    [InlineData("'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'tags': 'tags' }",
        "/transforms/0/set/tags: \"tags\" of dataset \"zones\" is of type list, with which expressions cannot compute, so it cannot be taken.")]
    [InlineData("'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'name': 'size' }",
        "/transforms/0/set/name: \"size\" of dataset \"zones\" is number (numeric(8,2)), and \"name\" is string (text) here: what is given to it must be of one "
        + "type. Declare one of the two as the other, or derive a field of that type before.")]
    [InlineData("'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }, 'missing': 'keep'",
        "/transforms/0/set/borough: Nothing gives \"borough\" a value before, which it could keep: use \"missing\": \"null\".")]
    [InlineData("'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }, 'missing': 'skip'",
        "/transforms/0/missing: \"skip\" is not known here: use one of reject, null, keep.")]
    [InlineData("'dataset': 'zones', 'on': { 'id': 'zone' }, 'set': { }",
        "/transforms/0/from: Is missing: the dataset that is looked up, such as \"zones\".",
        "/transforms/0/match: Is missing: which fields have the key: { \"id\": \"zone\" }, its field first.",
        "/transforms/0/set: Must not be empty: what is taken: { \"borough\": \"borough\" }, the own field first.",
        "/transforms/0/dataset: \"dataset\" is not a known property. Did you mean \"from\"?",
        "/transforms/0/on: \"on\" is not a known property. Did you mean \"match\"?")]
    public async Task Refuses(string lookup, params string[] faults) =>
        Assert.Equal(faults, (await ReadAsync(Trips($"{{ 'op': 'lookup', {lookup} }}"))).Faults);

    [Theory]
    [InlineData("{ 'op': 'derive', 'field': 'n', 'expression': 'borough' }, { 'op': 'lookup', 'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' } }",
        "/transforms/0/expression: Column 1: The field borough is set by a later op: move that one before this.")]
    [InlineData("{ 'op': 'lookup', 'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough', 'size': 'size' } }, { 'op': 'filter', 'expression': 'size' }",
        "/transforms/1/expression: Column 1: The expression gives number where boolean is expected. Compare it with something.")]
    [InlineData("{ 'op': 'lookup', 'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' }, 'name': 'where' }, { 'op': 'lower', 'fields': ['borough'] }",
        "/transforms/1/fields/0: op 0 (lookup \"where\") gives a value to \"borough\", and op 1 (lower) works on the texts that are sent: let an "
        + "expression do it.")]
    [InlineData("{ 'op': 'lookup', 'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough' } }, { 'op': 'trim', 'fields': ['zone'] }",
        "/transforms/1/fields/0: op 0 (lookup) has computed with \"zone\" already, and op 1 (trim) would change its text: move this op before that one.")]
    public async Task Has_its_place_among_the_others(string ops, params string[] faults) =>
        Assert.Equal(faults, (await ReadAsync(Trips(ops))).Faults);

    [Theory]
    [InlineData("'load': { 'mode': 'replace', 'commit': 'chunk' }",
        "/load/commit: Rows that take the place of others do so in one moment, with all of their upload: leave it out, or use \"job\".")]
    [InlineData("'load': { 'mode': 'overwrite' }",
        "/load/mode: \"overwrite\" is not known here: use one of append, replace. Did you mean \"replace\"?")]
    [InlineData("'lookup': { 'key': ['zone'] }",
        "/lookup: Only a dataset whose uploads replace all of its rows can be looked up: set load.mode to \"replace\".",
        "/lookup/key: No two rows may have the same values of it, or nobody could tell which one is meant: make it the primaryKey of the schema, or "
        + "one of its uniqueKeys.")]
    [InlineData("'load': { 'mode': 'replace' }, 'lookup': { }",
        "/lookup/key: Is missing: the fields by which a row is found, such as [\"id\"]. It is the primary key where there is one.")]
    [InlineData("'load': { 'mode': 'replace' }, 'lookup': { 'key': ['zon'], 'memoryBytesMax': 5 }",
        "/lookup/memoryBytesMax: Must be 0, which keeps nothing in memory, or 65536 to 1073741824.",
        "/lookup/key: \"zon\" is not the name of a field. Did you mean \"zone\"?")]
    public async Task Refuses_a_dataset_that_cannot_be_looked_up(string parts, params string[] faults) =>
        Assert.Equal(faults, (await ReadAsync($"{{ 'schema': {{ 'fields': [ {{ 'name': 'zone', 'type': 'integer' }} ] }}, {parts} }}")).Faults);

    /// <summary>What is stored says the types, so that it is understood without the other dataset; put again, it is the same.</summary>
    [Fact]
    public async Task Is_written_with_the_types_that_the_fields_have_there()
    {
        (DatasetDefinition? definition, _) = await ReadAsync(Trips(
            "{ 'op': 'lookup', 'from': 'zones', 'match': { 'id': 'zone' }, 'set': { 'borough': 'borough', 'size': 'size', 'mail': 'mail' }, 'missing': 'null' }"));

        string written = DefinitionWriter.Write(definition!);

        Assert.Contains(
            """
            "into":[{"name":"borough","type":"string"},{"name":"size","type":"number","sqlType":"numeric(8,2)"},{"name":"mail","type":"string"}]
            """.Trim(),
            written, StringComparison.Ordinal);
        Assert.True(Assert.IsType<LookupOp>(definition!.Transforms[0]).Pii);
        using var json = JsonDocument.Parse(written);
        Assert.Equal(written, DefinitionWriter.Write(DefinitionReader.ReadStored(json.RootElement, "trips", out _)!));
        Assert.Equal(written, DefinitionWriter.Write((await ReadAsync(written)).Definition!));
    }

    private static string Trips(string ops) => $$"""
        { 'schema': { 'fields': [ { 'name': 'zone', 'type': 'integer' }, { 'name': 'name', 'type': 'string' }, { 'name': 'day', 'type': 'date' } ] },
          'transforms': [ {{ops}} ] }
        """;

    private static async Task<(DatasetDefinition? Definition, string[] Faults)> ReadAsync(string definition)
    {
        using var json = JsonDocument.Parse(definition.Replace('\'', '"'));
        LookupSources sources = await LookupSources.ReadAsync(
            json.RootElement,
            name => Task.FromResult(Known.TryGetValue(name, out string? known) ? Stored(name, known) : null),
            () => Task.FromResult<IReadOnlyList<string>>([.. Known.Keys]));
        DatasetDefinition? read = DefinitionEnvelope.Read(
            json.RootElement, "trips", sources, out IReadOnlyDictionary<string, string[]> errors).Definition;
        return (read, [.. errors.SelectMany(e => e.Value.Select(sentence => $"{e.Key}: {sentence}"))]);
    }

    private static DatasetDefinition Stored(string name, string definition)
    {
        using var json = JsonDocument.Parse(definition.Replace('\'', '"'));
        DatasetDefinition? stored = DefinitionReader.ReadStored(json.RootElement, name, out IReadOnlyDictionary<string, string[]> errors);
        Assert.Empty(errors);
        return stored!;
    }
}
