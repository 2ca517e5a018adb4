using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>Reads the words of one schema into its node.</summary>
internal sealed class SchemaWords(SchemaCompiler compiler, SchemaNode node, JsonElement schema, string pointer)
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, SchemaNode> _properties = new(StringComparer.Ordinal);
    private readonly List<string> _required = [];
    private readonly List<(string If, string[] Then)> _dependentRequired = [];
    private readonly List<(string If, SchemaNode Then)> _dependentSchemas = [];

    /// <summary>Reads a word.</summary>
    /// <param name="place">Where its value stands.</param>
    /// <param name="definesOnly">Whether a reference beside it leaves it without a meaning, but for definitions.</param>
    /// <returns>False for one that it does not know.</returns>
    public bool Read(JsonProperty word, string place, bool definesOnly)
    {
        if (word.Name is "$defs" or "definitions")
        {
            foreach (JsonProperty definition in Members(word.Value, place))
            {
                compiler.Define(definition.Value, SchemaCompiler.Append(place, definition.Name));
            }

            return true;
        }

        return definesOnly
            || ReadAny(word, place) || ReadNumber(word, place) || ReadTextOrArray(word, place) || ReadObject(word, place)
            || ReadWhole(word, place);
    }

    /// <summary>Gives the names slots.</summary>
    public void Finish()
    {
        string[] names = [.. _names.Distinct(StringComparer.Ordinal)];
        node.Names = new NameTable(names);
        node.Properties = [.. names.Select(name => _properties.GetValueOrDefault(name))];
        node.Required = SlotsOf(_required);
        node.DependentRequired = [.. _dependentRequired.Select(d => (SlotOf(d.If), SlotsOf(d.Then)))];
        node.DependentSchemas = [.. _dependentSchemas.Select(d => (SlotOf(d.If), d.Then))];

        int SlotOf(string name) => Array.IndexOf(names, name);
        int[] SlotsOf(IEnumerable<string> some) => [.. some.Distinct(StringComparer.Ordinal).Select(SlotOf)];
    }

    private bool ReadAny(JsonProperty word, string place)
    {
        switch (word.Name)
        {
            case "type":
                foreach (string type in word.Value.ValueKind == JsonValueKind.Array ? Texts(word.Value, place) : [Text(word.Value, place)])
                {
                    node.Types |= TypeOf(type, place);
                }

                return true;
            case "enum":
                node.Members.Add([.. Elements(word.Value, place).Select(SchemaValue.Of)]);
                return true;
            case "const":
                node.Members.Add([SchemaValue.Of(word.Value)]);
                return true;
            default:
                return false;
        }
    }

    private bool ReadNumber(JsonProperty word, string place)
    {
        switch (word.Name)
        {
            case "minimum":
                node.Minimum = Number(word.Value, place);
                return true;
            case "maximum":
                node.Maximum = Number(word.Value, place);
                return true;
            case "exclusiveMinimum":
                node.ExclusiveMinimum = Number(word.Value, place);
                return true;
            case "exclusiveMaximum":
                node.ExclusiveMaximum = Number(word.Value, place);
                return true;
            case "multipleOf":
                node.MultipleOf = Number(word.Value, place) is { } divisor ? DecimalDivisor.Parse(divisor) : null;
                if (node.MultipleOf is null && word.Value.ValueKind == JsonValueKind.Number)
                {
                    compiler.Fault(place, string.Create(
                        CultureInfo.InvariantCulture,
                        $"Must be greater than 0, with {DecimalDivisor.DigitsMax} significant digits at most."));
                }

                return true;
            default:
                return false;
        }
    }

    private bool ReadTextOrArray(JsonProperty word, string place)
    {
        switch (word.Name)
        {
            case "minLength":
                node.MinLength = Count(word.Value, place);
                return true;
            case "maxLength":
                node.MaxLength = Count(word.Value, place);
                return true;
            case "pattern":
                node.Pattern = word.Value.ValueKind == JsonValueKind.String
                    ? compiler.PatternOf(word.Value.GetString()!, place)
                    : Wrong<Regex>(place, "Must be a text.");
                return true;
            case "minItems":
                node.MinItems = Count(word.Value, place);
                return true;
            case "maxItems":
                node.MaxItems = Count(word.Value, place);
                return true;
            case "uniqueItems":
                node.UniqueItems = Flag(word.Value, place);
                return true;
            case "prefixItems":
            case "items" when word.Value.ValueKind == JsonValueKind.Array: // as it was written before 2020-12
                node.PrefixItems = Schemas(word.Value, place);
                return true;
            case "items":
            case "additionalItems" when schema.TryGetProperty("items", out JsonElement items) && items.ValueKind == JsonValueKind.Array:
                node.Items = compiler.Below(node, word.Value, place);
                return true;
            case "contains":
                node.Contains = compiler.Below(node, word.Value, place);
                return true;
            case "minContains":
                node.MinContains = Count(word.Value, place);
                return true;
            case "maxContains":
                node.MaxContains = Count(word.Value, place);
                return true;
            default:
                return false;
        }
    }

    private bool ReadObject(JsonProperty word, string place)
    {
        switch (word.Name)
        {
            case "minProperties":
                node.MinProperties = Count(word.Value, place);
                return true;
            case "maxProperties":
                node.MaxProperties = Count(word.Value, place);
                return true;
            case "required":
                _required.AddRange(Names(word.Value, place));
                return true;
            case "properties":
                foreach (JsonProperty property in Members(word.Value, place))
                {
                    _names.Add(property.Name);
                    _properties[property.Name] = compiler.Below(node, property.Value, SchemaCompiler.Append(place, property.Name));
                }

                return true;
            case "patternProperties":
                node.PatternProperties =
                [
                    .. from property in Members(word.Value, place)
                       let here = SchemaCompiler.Append(place, property.Name)
                       let pattern = compiler.PatternOf(property.Name, here)
                       where pattern is not null
                       select (pattern, compiler.Below(node, property.Value, here)),
                ];
                return true;
            case "additionalProperties":
                node.AdditionalProperties = compiler.Below(node, word.Value, place);
                return true;
            case "propertyNames":
                node.PropertyNames = compiler.Below(node, word.Value, place);
                return true;
            case "dependentRequired" or "dependentSchemas" or "dependencies":
                ReadDependencies(word, place);
                return true;
            default:
                return false;
        }
    }

    private void ReadDependencies(JsonProperty word, string place)
    {
        foreach (JsonProperty dependency in Members(word.Value, place))
        {
            string here = SchemaCompiler.Append(place, dependency.Name);
            bool isList = word.Name == "dependentRequired"
                || (word.Name == "dependencies" && dependency.Value.ValueKind == JsonValueKind.Array);
            _names.Add(dependency.Name);
            if (isList)
            {
                _dependentRequired.Add((dependency.Name, Names(dependency.Value, here)));
            }
            else
            {
                _dependentSchemas.Add((dependency.Name, compiler.Below(node, dependency.Value, here)));
            }
        }
    }

    private bool ReadWhole(JsonProperty word, string place)
    {
        switch (word.Name)
        {
            case "allOf":
                node.AllOf = Schemas(word.Value, place);
                return true;
            case "anyOf":
                node.AnyOf = Schemas(word.Value, place);
                return true;
            case "oneOf":
                node.OneOf = Schemas(word.Value, place);
                return true;
            case "not":
                node.Not = compiler.Below(node, word.Value, place);
                return true;
            case "if":
                node.If = compiler.Below(node, word.Value, place);
                return true;
            case "then":
                node.Then = compiler.Below(node, word.Value, place);
                return true;
            case "else":
                node.Else = compiler.Below(node, word.Value, place);
                return true;
            default:
                return false;
        }
    }

    private SchemaNode[] Schemas(JsonElement value, string place)
    {
        JsonElement[] all = Elements(value, place);
        if (value.ValueKind == JsonValueKind.Array && all.Length == 0)
        {
            compiler.Fault(place, "Must have at least one schema.");
        }

        return
        [
            .. all.Select((one, index) => compiler.Below(
                node, one, string.Create(CultureInfo.InvariantCulture, $"{place}/{index}"))),
        ];
    }

    private JsonTypes TypeOf(string type, string place)
    {
        switch (type)
        {
            case "null":
                return JsonTypes.Null;
            case "boolean":
                return JsonTypes.Boolean;
            case "object":
                return JsonTypes.Object;
            case "array":
                return JsonTypes.Array;
            case "number":
                return JsonTypes.Number;
            case "string":
                return JsonTypes.String;
            case "integer":
                return JsonTypes.Integer;
            default:
                compiler.Fault(place, "Must be of null, boolean, object, array, number, string and integer.");
                return JsonTypes.None;
        }
    }

    /// <summary>Names that get slots.</summary>
    private string[] Names(JsonElement value, string place)
    {
        string[] names = Texts(value, place);
        _names.AddRange(names);
        return names;
    }

    private string[] Texts(JsonElement value, string place) => [.. Elements(value, place).Select(element => Text(element, place))];

    private string Text(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : Wrong<string>(place, "Must be a text, or an array of texts.") ?? "";

    private JsonElement[] Elements(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : Wrong<JsonElement[]>(place, "Must be an array.") ?? [];

    private JsonProperty[] Members(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.Object ? [.. value.EnumerateObject()] : Wrong<JsonProperty[]>(place, "Must be an object.") ?? [];

    private byte[]? Number(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.Number
            ? System.Text.Encoding.UTF8.GetBytes(value.GetRawText())
            : Wrong<byte[]>(place, "Must be a number.");

    private bool Flag(JsonElement value, string place)
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            compiler.Fault(place, "Must be true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>A whole number from 0 on, which may be written as 2.0.</summary>
    private long Count(JsonElement value, string place)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number >= 0 && number <= long.MaxValue / 2 && Math.Floor(number) == number)
        {
            return (long)number;
        }

        compiler.Fault(place, "Must be a whole number from 0 on.");
        return 0;
    }

    private T? Wrong<T>(string place, string sentence)
        where T : class
    {
        compiler.Fault(place.Length == 0 ? pointer : place, sentence);
        return null;
    }
}
