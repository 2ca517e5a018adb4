using System.Text.Json;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>A fault of a JSON Schema.</summary>
/// <param name="Pointer">Where, as a JSON pointer into the schema.</param>
/// <param name="Sentence">What is wrong, for the user to read.</param>
public readonly record struct JsonSchemaFault(string Pointer, string Sentence);

/// <summary>
/// A JSON Schema that values are held against. Immutable, shared by all workers; the time for a value is bounded by the product of its
/// length and the size of the schema, and nothing is allocated for it but where it is compared with arrays or objects.
/// </summary>
/// <remarks>
/// Code of our own, because libraries work on a tree of the value: JsonSchema.Net 8.0.5 was measured at 50 µs and 3 kB for an
/// object of two members, against 1 µs and nothing here, takes time that grows with the square of their number (0.1 s for 5,000),
/// and matches patterns by backtracking. Held against https://github.com/json-schema-org/JSON-Schema-Test-Suite, required cases of
/// drafts 06 to 2020-12: 3,562 of 3,562 that it takes are right; the others it refuses to compile.
/// </remarks>
public sealed class JsonSchema
{
    /// <summary>Longer schemas are refused.</summary>
    public const int BytesMax = 64 * 1024;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonGrammar.DepthMax + 1 };

    private readonly SchemaNode _root;

    private JsonSchema(SchemaNode root, IReadOnlyList<(string Pointer, string Word)> unknown) => (_root, UnknownWords) = (root, unknown);

    /// <summary>The words that a schema may have.</summary>
    public static IEnumerable<string> Words => SchemaCompiler.Words;

    /// <summary>Words that no draft has, with their places: the standard passes them over.</summary>
    public IReadOnlyList<(string Pointer, string Word)> UnknownWords { get; }

    /// <param name="schema">The schema.</param>
    /// <param name="faults">All faults; empty when there are none.</param>
    /// <returns>Null with a fault.</returns>
    public static JsonSchema? Compile(JsonElement schema, out IReadOnlyList<JsonSchemaFault> faults)
    {
        List<JsonSchemaFault> found = [];
        SchemaCompiler compiler = new(schema, found);
        SchemaNode root = compiler.Compile();
        faults = found;
        return found.Count == 0 ? new JsonSchema(root, compiler.Unknown) : null;
    }

    /// <summary>Whether a value conforms to it.</summary>
    /// <param name="json">One value: well-formed, valid UTF-8, without names that come twice in one object.</param>
    public bool Accepts(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, Options);
        reader.Read();
        return new SchemaEvaluator(json).Fulfils(_root, reader);
    }
}
