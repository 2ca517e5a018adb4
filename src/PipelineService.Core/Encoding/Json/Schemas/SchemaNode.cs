using System.Text.Json;
using System.Text.RegularExpressions;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>One schema within a JSON Schema, compiled: what a value must fulfil. Immutable once its compiler is done with it.</summary>
internal sealed class SchemaNode
{
    /// <summary>Of the schemas <c>true</c> and <c>false</c>.</summary>
    public bool? Always { get; init; }

    /// <summary>The types that are taken; none is any.</summary>
    public JsonTypes Types { get; set; }

    /// <summary>The only values that are taken; null is any. From <c>enum</c>, and <c>const</c>.</summary>
    public List<SchemaValue[]> Members { get; } = [];

    // Numbers, each as its text.
    public byte[]? Minimum { get; set; }

    public byte[]? Maximum { get; set; }

    public byte[]? ExclusiveMinimum { get; set; }

    public byte[]? ExclusiveMaximum { get; set; }

    public DecimalDivisor? MultipleOf { get; set; }

    // Texts.
    public long MinLength { get; set; }

    public long MaxLength { get; set; } = long.MaxValue;

    public Regex? Pattern { get; set; }

    // Arrays.
    public long MinItems { get; set; }

    public long MaxItems { get; set; } = long.MaxValue;

    public bool UniqueItems { get; set; }

    public SchemaNode[] PrefixItems { get; set; } = [];

    /// <summary>Of the items behind <see cref="PrefixItems"/>.</summary>
    public SchemaNode? Items { get; set; }

    public SchemaNode? Contains { get; set; }

    public long MinContains { get; set; } = 1;

    public long MaxContains { get; set; } = long.MaxValue;

    // Objects.
    public long MinProperties { get; set; }

    public long MaxProperties { get; set; } = long.MaxValue;

    /// <summary>The names that mean something: each has a slot.</summary>
    public NameTable Names { get; set; } = NameTable.Empty;

    /// <summary>By slot; null where the name is not one of <c>properties</c>.</summary>
    public SchemaNode?[] Properties { get; set; } = [];

    /// <summary>Slots of the names that must be there.</summary>
    public int[] Required { get; set; } = [];

    public (Regex Name, SchemaNode Schema)[] PatternProperties { get; set; } = [];

    public SchemaNode? AdditionalProperties { get; set; }

    public SchemaNode? PropertyNames { get; set; }

    /// <summary>Slots that must be there when another one is.</summary>
    public (int If, int[] Then)[] DependentRequired { get; set; } = [];

    /// <summary>Schemas of the whole object when a slot is there.</summary>
    public (int If, SchemaNode Then)[] DependentSchemas { get; set; } = [];

    // The same value once more.
    public SchemaNode? Reference { get; set; }

    public SchemaNode[] AllOf { get; set; } = [];

    public SchemaNode[] AnyOf { get; set; } = [];

    public SchemaNode[] OneOf { get; set; } = [];

    public SchemaNode? Not { get; set; }

    public SchemaNode? If { get; set; }

    public SchemaNode? Then { get; set; }

    public SchemaNode? Else { get; set; }

    /// <summary>How many schemas there are below it, itself included, each as often as it is referred to.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>How deep they are nested, references followed.</summary>
    public int Depth { get; set; } = 1;

    public bool LooksIntoObjects =>
        MinProperties > 0 || MaxProperties < long.MaxValue || Names.Count > 0 || PatternProperties.Length > 0
        || AdditionalProperties is not null || PropertyNames is not null;

    public bool LooksIntoArrays =>
        MinItems > 0 || MaxItems < long.MaxValue || UniqueItems || PrefixItems.Length > 0 || Items is not null || Contains is not null;
}

/// <summary>The types of JSON Schema.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    Number = 16,
    String = 32,

    /// <summary>A number without a fraction: 1, 1.0 and 1e2 are.</summary>
    Integer = 64,
}

/// <summary>A value that another one is compared with.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Of a string its UTF-8, of a number its text; else empty.</param>
/// <param name="Element">Of an array or an object the value.</param>
internal sealed record SchemaValue(JsonValueKind Kind, byte[] Text, JsonElement Element)
{
    public static SchemaValue Of(JsonElement value) => new(
        value.ValueKind,
        value.ValueKind switch
        {
            JsonValueKind.String => System.Text.Encoding.UTF8.GetBytes(value.GetString()!),
            JsonValueKind.Number => System.Text.Encoding.UTF8.GetBytes(value.GetRawText()),
            _ => [],
        },
        value.Clone());

    /// <param name="reader">On the first token of a value.</param>
    public bool Equals(Utf8JsonReader reader)
    {
        switch (Kind)
        {
            case JsonValueKind.String:
                return reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(Text);
            case JsonValueKind.Number:
                return reader.TokenType == JsonTokenType.Number && DecimalOrder.Compare(reader.ValueSpan, Text) == 0;
            case JsonValueKind.True:
                return reader.TokenType == JsonTokenType.True;
            case JsonValueKind.False:
                return reader.TokenType == JsonTokenType.False;
            case JsonValueKind.Null:
                return reader.TokenType == JsonTokenType.Null;
            default:
                return reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray
                    && JsonElement.DeepEquals(JsonElement.ParseValue(ref reader), Element); // this allocates
        }
    }
}
