using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PipelineService.Datasets.Definitions;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts;

/// <summary>What the schemas of the document must be for clients to be made from them, and that the service is as they say.</summary>
public sealed partial class SchemaRulesTests
{
    /// <summary>Every schema, named or within another, with the place where it stands.</summary>
    private static IEnumerable<(string Place, JsonObject Schema)> Schemas =>
        ApiDocument.Schemas.SelectMany(named => Within(named.Key, named.Value!.AsObject()));

    /// <summary>
    /// The places in a definition, each as the names that lead there (and indexes as text). Which fields it works on each op has to say,
    /// although the one schema of all ops cannot.
    /// </summary>
    public static TheoryData<string> PlacesInADefinition =>
    [
        .. Places("", ApiDocument.Schemas["DefinitionDocument"]!.AsObject()).Select(place => place.Pointer)
            .Where(pointer => pointer != "/transforms/0/fields"),
    ];

    /// <summary>
    /// TypeScript's types would have it as required otherwise, and C# clients would send it back: in them a default is a value.
    /// </summary>
    [Fact]
    public void No_property_declares_a_default() => Assert.Empty(
        from schema in Schemas
        where schema.Schema.ContainsKey("default")
        select schema.Place);

    [Fact]
    public void Every_array_says_of_what_and_every_enum_has_a_type() => Assert.Empty(
        from schema in Schemas
        let types = TypesOf(schema.Schema)
        where (types.Contains("array") && schema.Schema["items"] is null) || (schema.Schema.ContainsKey("enum") && types.Count != 1)
        select schema.Place);

    [Fact]
    public void Enums_stand_alone_so_that_they_have_names() => Assert.Empty(
        from schema in Schemas
        where schema.Schema.ContainsKey("enum") && !ApiDocument.Schemas.ContainsKey(schema.Place)
        select schema.Place);

    [Fact]
    public void Descriptions_are_for_clients_and_name_nothing_of_the_code() => Assert.DoesNotMatch(
        Code(), ApiDocument.Root.ToJsonString(PipelineService.Hosting.Http.PipelineJson.Options));

    /// <summary>NSwag reads a schema of several types by the first that it knows, unless one of them is an object.</summary>
    [Fact]
    public void Values_of_several_types_are_objects_to_those_who_know_one_type_only() => Assert.All(
        from schema in Schemas
        let types = TypesOf(schema.Schema)
        where types.Count(type => type != "null") > 1
        select schema,
        schema =>
        {
            Assert.Contains("object", TypesOf(schema.Schema));
            Assert.Equal(MayBeLabelled(schema.Place) ? null : "object", (string?)schema.Schema["not"]?["type"]);
        });

    [Theory]
    [MemberData(nameof(PlacesInADefinition))]
    public void Null_is_taken_wherever_something_may_be_left_out(string pointer)
    {
        (_, bool isRequired, bool isNullable) =
            Places("", ApiDocument.Schemas["DefinitionDocument"]!.AsObject()).Single(place => place.Pointer == pointer);

        string? refusal = RefusalOf(DefinitionWithNullAt(pointer));

        Assert.Equal(isRequired, refusal is not null);
        Assert.False(isRequired && isNullable);
        Assert.True(refusal is null || refusal.StartsWith(pointer, StringComparison.Ordinal), refusal);
    }

    [Fact]
    public void Words_are_taken_as_the_document_has_them_and_in_upper_case()
    {
        string[] enums = ["CommitPolicy", "DataFormat", "FieldType", "FieldsMatch", "RaggedRows"];
        foreach ((string name, string word) in enums.SelectMany(WordsOf))
        {
            foreach (string spelling in new[] { word, word.ToUpperInvariant() })
            {
                JsonObject definition = DefinitionWithNullAt("/load/mode");
                definition["format"] = name == "DataFormat" ? spelling : null;
                definition["dialect"] = new JsonObject { ["raggedRows"] = name == "RaggedRows" ? spelling : null };
                definition["load"]!["commit"] = name == "CommitPolicy" ? spelling : null;
                definition["schema"]!["fieldsMatch"] = name == "FieldsMatch" ? spelling : null;
                definition["schema"]!["fields"]![0]!["type"] = name == "FieldType" ? spelling : null;
                Assert.Null(RefusalOf(definition));
            }
        }

        static IEnumerable<(string Name, string Word)> WordsOf(string name) =>
            ApiDocument.Schemas[name]!["enum"]!.AsArray().Select(word => (name, (string)word!));
    }

    /// <summary>Members of these may be objects with a label indeed.</summary>
    private static bool MayBeLabelled(string place) =>
        place.EndsWith(".missingValues[]", StringComparison.Ordinal) || place.EndsWith(".categories[]", StringComparison.Ordinal)
        || place.EndsWith(".groupBy[]", StringComparison.Ordinal);

    private static string? RefusalOf(JsonObject definition)
    {
        using var json = JsonDocument.Parse(definition.ToJsonString());
        DefinitionReader.Read(json.RootElement, "trips", out IReadOnlyDictionary<string, string[]> errors);
        return errors.Count == 0 ? null : string.Join(' ', errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}"));
    }

    /// <summary>The least definition that has the place, with null there.</summary>
    private static JsonObject DefinitionWithNullAt(string pointer)
    {
        JsonObject root = JsonNode.Parse("""{ "schema": { "fields": [{ "name": "a" }] } }""")!.AsObject();
        if (pointer.StartsWith("/transforms/0/", StringComparison.Ordinal))
        {
            root["transforms"] = JsonNode.Parse(pointer.StartsWith("/transforms/0/into/", StringComparison.Ordinal)
                ? """[{ "op": "split", "field": "a", "separator": " ", "into": [{ "name": "b" }] }]"""
                : pointer.StartsWith("/transforms/0/rest/", StringComparison.Ordinal)
                ? """[{ "op": "flatten", "field": "a", "into": ["b"], "rest": { "name": "c" } }]"""
                : """[{ "op": "trim", "fields": ["a"] }]""");
        }

        if (pointer.StartsWith("/tests/0/", StringComparison.Ordinal))
        {
            string outcome = pointer == "/tests/0/row" ? """ "rejected": "required" """ : """ "row": {} """;
            root["tests"] = JsonNode.Parse($$"""[{ "record": { "a": "x" }, {{outcome}} }]""");
        }

        if (pointer.StartsWith("/schema/foreignKeys/", StringComparison.Ordinal))
        {
            root["schema"]!["foreignKeys"] = JsonNode.Parse("""[{ "fields": ["a"], "reference": { "resource": "b", "fields": ["a"] } }]""");
        }

        if (pointer.StartsWith("/lookup/", StringComparison.Ordinal))
        {
            root["load"] = JsonNode.Parse("""{ "mode": "replace" }""");
            root["schema"]!["primaryKey"] = "a";
        }

        if (pointer.StartsWith("/views/", StringComparison.Ordinal))
        {
            root["views"] = JsonNode.Parse("""[{ "name": "v", "groupBy": ["a"], "measures": { "n": "count" } }]""");
        }

        if (pointer.StartsWith("/quality/", StringComparison.Ordinal))
        {
            root["quality"] = JsonNode.Parse("""{ "rules": [{ "metric": "rows", "min": 0, "max": 5 }] }""");
        }

        JsonNode place = root;
        string[] names = pointer.Split('/')[1..];
        foreach (string name in names[..^1])
        {
            place = place is JsonArray array ? array[int.Parse(name)]! : place[name] ??= new JsonObject();
        }

        place[names[^1]] = null;
        return root;
    }

    private static IEnumerable<(string Pointer, bool IsRequired, bool IsNullable)> Places(string pointer, JsonObject schema)
    {
        foreach ((string name, JsonNode? property) in schema["properties"]!.AsObject())
        {
            string here = $"{pointer}/{name}";
            JsonObject value = ApiDocument.Resolve(property!);
            yield return (
                here,
                schema["required"]?.AsArray().Any(required => (string?)required == name) == true,
                TypesOf(property!.AsObject()).Contains("null"));

            JsonObject inner = value["items"] is { } items ? ApiDocument.Resolve(items) : value;
            string below = value.ContainsKey("items") ? $"{here}/0" : here;
            foreach ((string Pointer, bool IsRequired, bool IsNullable) place in inner.ContainsKey("properties") ? Places(below, inner) : [])
            {
                yield return place;
            }
        }
    }

    private static IEnumerable<(string Place, JsonObject Schema)> Within(string place, JsonObject schema)
    {
        yield return (place, schema);
        IEnumerable<(string, JsonNode?)> parts =
        [
            .. (schema["properties"]?.AsObject() ?? []).Select(p => ($"{place}.{p.Key}", p.Value)),
            .. (schema["oneOf"]?.AsArray() ?? []).Select((one, i) => ($"{place}|{i}", one)),
            ($"{place}[]", schema["items"]),
            ($"{place}{{}}", schema["additionalProperties"]),
        ];
        foreach ((string where, JsonNode? part) in parts)
        {
            foreach ((string, JsonObject) found in part is JsonObject inner ? Within(where, inner) : [])
            {
                yield return found;
            }
        }
    }

    private static IReadOnlyList<string> TypesOf(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => [.. several.Select(type => (string)type!)],
        JsonNode one => [(string)one!],
        null when schema["oneOf"] is JsonArray either => [.. either.SelectMany(one => TypesOf(one!.AsObject()))],
        null => [],
    };

    /// <summary>A call (<c>JobStates.ToText(</c>), a reference of the compiler (<c>T:Namespace.Type</c>), a tag of a comment.</summary>
    [GeneratedRegex(@"\w\.\w+\(|\b[TMPF]:\w+\.|</?(see|c|para)\b")]
    private static partial Regex Code();
}
