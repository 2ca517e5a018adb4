using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Core.Encoding.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>
/// Compiles a JSON Schema, and finds every fault of it. What would let the time for a value grow without a bound is one: references that
/// leave the schema or lead back to where they stand, patterns that cannot be matched in linear time, too many schemas.
/// </summary>
/// <remarks>
/// Draft 2020-12, with the words that drafts 06, 07 and 2019-09 have for the same. Source: https://json-schema.org/draft/2020-12.
/// </remarks>
internal sealed class SchemaCompiler
{
    /// <summary>Schemas, each as often as it is referred to: a value is read at most so many times.</summary>
    public const int WeightMax = 5_000;

    public const int DepthMax = 64;

    private static readonly string[] Drafts =
    [
        "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-06/schema",
    ];

    /// <summary>Words that say nothing about which values are taken.</summary>
    private static readonly string[] Annotations =
    [
        "$comment", "title", "description", "default", "deprecated", "examples", "readOnly", "writeOnly", "format", "contentEncoding",
        "contentMediaType", "contentSchema",
    ];

    /// <summary>Words by which a schema could mean different things in different places.</summary>
    private static readonly string[] NotTaken =
    [
        "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor", "$vocabulary",
        "unevaluatedProperties", "unevaluatedItems",
    ];

    private readonly JsonElement _root;
    private readonly List<JsonSchemaFault> _faults;
    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private bool _refersAlone;

    /// <param name="faults">Takes what is wrong.</param>
    public SchemaCompiler(JsonElement root, List<JsonSchemaFault> faults) => (_root, _faults) = (root, faults);

    /// <summary>Words that no draft has, by place: they are passed over.</summary>
    public List<(string Pointer, string Word)> Unknown { get; } = [];

    /// <summary>Words that are known.</summary>
    public static IEnumerable<string> Words { get; } =
    [
        .. Annotations, "$schema", "$id", "$ref", "$defs", "definitions", "type", "enum", "const", "multipleOf", "maximum",
        "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "prefixItems", "items",
        "additionalItems", "contains", "minContains", "maxContains", "maxItems", "minItems", "uniqueItems", "properties",
        "patternProperties", "additionalProperties", "propertyNames", "required", "maxProperties", "minProperties",
        "dependentRequired", "dependentSchemas", "dependencies", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
    ];

    public SchemaNode Compile()
    {
        ReadDraft();
        SchemaNode node = Compile(_root, "");
        if (node.Weight > WeightMax)
        {
            Fault("", string.Create(
                CultureInfo.InvariantCulture,
                $"Has more than {WeightMax} schemas in it once its references are followed: a value would be read too often."));
        }

        return node;
    }

    private void ReadDraft()
    {
        if (_root.ValueKind != JsonValueKind.Object || !_root.TryGetProperty("$schema", out JsonElement draft))
        {
            return;
        }

        string? name = draft.ValueKind == JsonValueKind.String ? draft.GetString()!.TrimEnd('#') : null;
        if (!Drafts.Contains(name))
        {
            Fault("/$schema", $"Must be one of {string.Join(", ", Drafts)}.");
        }

        _refersAlone = name is "http://json-schema.org/draft-07/schema" or "http://json-schema.org/draft-06/schema";
    }

    private SchemaNode Compile(JsonElement schema, string pointer)
    {
        if (_nodes.TryGetValue(pointer, out SchemaNode? known))
        {
            return known;
        }

        SchemaNode node = schema.ValueKind switch
        {
            JsonValueKind.True => new SchemaNode { Always = true },
            JsonValueKind.False => new SchemaNode { Always = false },
            JsonValueKind.Object => CompileObject(schema, pointer),
            _ => Faulty(pointer, "Must be a schema: an object, true or false."),
        };
        _nodes[pointer] = node;
        return node;
    }

    private SchemaNode CompileObject(JsonElement schema, string pointer)
    {
        _open.Add(pointer);
        var node = new SchemaNode();
        var words = new SchemaWords(this, node, schema, pointer);
        bool refersAlone = _refersAlone && schema.TryGetProperty("$ref", out _);
        foreach (JsonProperty word in schema.EnumerateObject())
        {
            string place = Append(pointer, word.Name);
            if (word.Name == "$ref")
            {
                node.Reference = Follow(node, word.Value, place);
            }
            else if (NotTaken.Contains(word.Name) || (word.Name == "$id" && pointer.Length > 0))
            {
                Fault(place, $"\"{word.Name}\" is not taken.");
            }
            else if (!words.Read(word, place, refersAlone) && !Words.Contains(word.Name))
            {
                Unknown.Add((place, word.Name));
            }
        }

        words.Finish();
        _open.Remove(pointer);
        return node;
    }

    /// <summary>A schema below another one, which counts it.</summary>
    public SchemaNode Below(SchemaNode parent, JsonElement schema, string pointer)
    {
        SchemaNode child = Compile(schema, pointer);
        parent.Weight = (int)Math.Min((long)parent.Weight + child.Weight, int.MaxValue);
        parent.Depth = Math.Max(parent.Depth, child.Depth + 1);
        if (parent.Depth == DepthMax + 1)
        {
            Fault(pointer, string.Create(CultureInfo.InvariantCulture, $"Is nested deeper than {DepthMax} schemas, references followed."));
        }

        return child;
    }

    /// <summary>A schema that is only there to be referred to.</summary>
    public void Define(JsonElement schema, string pointer) => Compile(schema, pointer);

    public void Fault(string pointer, string sentence) => _faults.Add(new JsonSchemaFault(pointer, sentence));

    /// <summary>A pattern that may match anywhere in a text; null with a fault.</summary>
    public Regex? PatternOf(string pattern, string pointer)
    {
        if (TextPattern.FaultOf(pattern) is not string fault)
        {
            return TextPattern.Compile(pattern);
        }

        Fault(pointer, $"The {fault}");
        return null;
    }

    public static string Append(string pointer, string name) =>
        $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    private SchemaNode Faulty(string pointer, string sentence)
    {
        Fault(pointer, sentence);
        return new SchemaNode { Always = true };
    }

    private SchemaNode Follow(SchemaNode from, JsonElement reference, string place)
    {
        string? target = reference.ValueKind == JsonValueKind.String ? reference.GetString() : null;
        if (target is not ['#', ..])
        {
            return Faulty(place, "Must begin with \"#\": references stay within the schema, and nothing is fetched.");
        }

        string pointer = Uri.UnescapeDataString(target[1..]);
        if (Find(pointer) is not { } schema)
        {
            return Faulty(place, $"There is nothing at \"{Excerpt.Of(target)}\".");
        }

        return _open.Contains(pointer)
            ? Faulty(
                place,
                $"\"{Excerpt.Of(target)}\" leads back to where it stands. References must come to an end, so that the time for a "
                    + "value does.")
            : Below(from, schema, pointer);
    }

    private JsonElement? Find(string pointer)
    {
        JsonElement at = _root;
        foreach (string step in pointer.Split('/').Skip(1))
        {
            string name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out JsonElement member))
            {
                at = member;
            }
            else if (at.ValueKind == JsonValueKind.Array
                && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < at.GetArrayLength())
            {
                at = at[index];
            }
            else
            {
                return null;
            }
        }

        return pointer is "" or ['/', ..] ? at : null;
    }
}
