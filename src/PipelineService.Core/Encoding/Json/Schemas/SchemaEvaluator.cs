using System.Buffers;
using System.Text.Json;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Encoding.Text;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>
/// Looks whether a value fulfils a schema, token by token; a value that several schemas look at is read once for each. Nothing is made of
/// it, except where it is compared with an array or an object.
/// </summary>
internal readonly ref struct SchemaEvaluator(ReadOnlySpan<byte> json)
{
    private const int StackNames = 256;

    private readonly ReadOnlySpan<byte> _json = json;

    /// <param name="reader">On the first token of the value.</param>
    public bool Fulfils(SchemaNode schema, Utf8JsonReader reader) =>
        schema.Always
            ?? (IsOfType(schema, reader) && IsMember(schema, reader) && IsRightInside(schema, reader) && IsRightInWhole(schema, reader));

    private static bool IsOfType(SchemaNode schema, Utf8JsonReader reader)
    {
        JsonTypes type = reader.TokenType switch
        {
            JsonTokenType.Null => JsonTypes.Null,
            JsonTokenType.True or JsonTokenType.False => JsonTypes.Boolean,
            JsonTokenType.StartObject => JsonTypes.Object,
            JsonTokenType.StartArray => JsonTypes.Array,
            JsonTokenType.Number => JsonTypes.Number,
            _ => JsonTypes.String,
        };
        return schema.Types == JsonTypes.None || (schema.Types & type) != 0
            || (type == JsonTypes.Number && (schema.Types & JsonTypes.Integer) != 0
                && DecimalText.TryParse(reader.ValueSpan, out DecimalText number) && number.IsIntegral);
    }

    private static bool IsMember(SchemaNode schema, Utf8JsonReader reader)
    {
        foreach (SchemaValue[] members in schema.Members)
        {
            bool isFound = false;
            for (int i = 0; i < members.Length && !isFound; i++)
            {
                isFound = members[i].Equals(reader);
            }

            if (!isFound)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsRightInside(SchemaNode schema, Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Number => IsRightNumber(schema, reader.ValueSpan),
        JsonTokenType.String => IsRightText(schema, reader),
        JsonTokenType.StartArray => !schema.LooksIntoArrays || IsRightArray(schema, reader),
        JsonTokenType.StartObject => !schema.LooksIntoObjects || IsRightObject(schema, reader),
        _ => true,
    };

    /// <summary>What other schemas say of the same value.</summary>
    private bool IsRightInWhole(SchemaNode schema, Utf8JsonReader reader)
    {
        if ((schema.Reference is not null && !Fulfils(schema.Reference, reader))
            || (schema.Not is not null && Fulfils(schema.Not, reader))
            || (schema.AnyOf.Length > 0 && CountOf(schema.AnyOf, reader, most: 1) == 0)
            || (schema.OneOf.Length > 0 && CountOf(schema.OneOf, reader, most: 2) != 1)
            || CountOf(schema.AllOf, reader, int.MaxValue) < schema.AllOf.Length)
        {
            return false;
        }

        SchemaNode? then = schema.If is null ? null : Fulfils(schema.If, reader) ? schema.Then : schema.Else;
        return then is null || Fulfils(then, reader);
    }

    /// <summary>How many of the schemas the value fulfils; no more than are of interest.</summary>
    private int CountOf(SchemaNode[] schemas, Utf8JsonReader reader, int most)
    {
        int count = 0;
        for (int i = 0; i < schemas.Length && count < most; i++)
        {
            count += Fulfils(schemas[i], reader) ? 1 : 0;
        }

        return count;
    }

    private static bool IsRightNumber(SchemaNode schema, ReadOnlySpan<byte> number) =>
        (schema.Minimum is null || DecimalOrder.Compare(number, schema.Minimum) >= 0)
        && (schema.Maximum is null || DecimalOrder.Compare(number, schema.Maximum) <= 0)
        && (schema.ExclusiveMinimum is null || DecimalOrder.Compare(number, schema.ExclusiveMinimum) > 0)
        && (schema.ExclusiveMaximum is null || DecimalOrder.Compare(number, schema.ExclusiveMaximum) < 0)
        && (schema.MultipleOf is null || schema.MultipleOf.Divides(number));

    private static bool IsRightText(SchemaNode schema, Utf8JsonReader reader)
    {
        if (schema is { MinLength: 0, MaxLength: long.MaxValue, Pattern: null })
        {
            return true;
        }

        using UnescapedText text = new(reader);
        int length = text.CodePoints;
        return length >= schema.MinLength && length <= schema.MaxLength
            && (schema.Pattern is null || TextPattern.IsMatch(schema.Pattern, text.Bytes));
    }

    private bool IsRightArray(SchemaNode schema, Utf8JsonReader reader)
    {
        if (schema.UniqueItems && RepeatedItems.Any(_json, reader))
        {
            return false;
        }

        long count = 0;
        long contained = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            SchemaNode? item = count < schema.PrefixItems.Length ? schema.PrefixItems[count] : schema.Items;
            if (item is not null && !Fulfils(item, reader))
            {
                return false;
            }

            contained += schema.Contains is not null && Fulfils(schema.Contains, reader) ? 1 : 0;
            count++;
            reader.Skip();
        }

        return count >= schema.MinItems && count <= schema.MaxItems
            && (schema.Contains is null || (contained >= schema.MinContains && contained <= schema.MaxContains));
    }

    private bool IsRightObject(SchemaNode schema, Utf8JsonReader reader)
    {
        Utf8JsonReader whole = reader;
        bool[]? rented = schema.Names.Count > StackNames ? ArrayPool<bool>.Shared.Rent(schema.Names.Count) : null;
        Span<bool> isThere = (rented ?? stackalloc bool[StackNames])[..schema.Names.Count];
        isThere.Clear();
        long count = 0;
        bool isRight = true;
        while (isRight && reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            count++;
            isRight = IsRightMember(schema, ref reader, isThere);
        }

        isRight = isRight && count >= schema.MinProperties && count <= schema.MaxProperties
            && AreThere(schema.Required, isThere) && AreDependentsRight(schema, whole, isThere);
        if (rented is not null)
        {
            ArrayPool<bool>.Shared.Return(rented);
        }

        return isRight;
    }

    /// <param name="reader">On a name; goes to the last token of its value.</param>
    private bool IsRightMember(SchemaNode schema, ref Utf8JsonReader reader, scoped Span<bool> isThere)
    {
        // A name is a string to the schema of names.
        if (schema.PropertyNames is not null && !IsRightName(schema.PropertyNames, reader))
        {
            return false;
        }

        using UnescapedText name = new(reader);
        reader.Read();
        int slot = schema.Names.SlotOf(name.Bytes);
        bool isKnown = false;
        if (slot != NameTable.Unknown)
        {
            isThere[slot] = true;
            isKnown = schema.Properties[slot] is not null;
            if (isKnown && !Fulfils(schema.Properties[slot]!, reader))
            {
                return false;
            }
        }

        foreach ((System.Text.RegularExpressions.Regex pattern, SchemaNode ofPattern) in schema.PatternProperties)
        {
            if (TextPattern.IsMatch(pattern, name.Bytes))
            {
                isKnown = true;
                if (!Fulfils(ofPattern, reader))
                {
                    return false;
                }
            }
        }

        bool isRight = isKnown || schema.AdditionalProperties is null || Fulfils(schema.AdditionalProperties, reader);
        reader.Skip();
        return isRight;
    }

    private bool IsRightName(SchemaNode names, Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> name = _json.Slice((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2); // with its quotation marks
        Utf8JsonReader alone = new(name);
        alone.Read();
        return new SchemaEvaluator(name).Fulfils(names, alone);
    }

    private static bool AreThere(int[] slots, ReadOnlySpan<bool> isThere)
    {
        foreach (int slot in slots)
        {
            if (!isThere[slot])
            {
                return false;
            }
        }

        return true;
    }

    private bool AreDependentsRight(SchemaNode schema, Utf8JsonReader whole, ReadOnlySpan<bool> isThere)
    {
        foreach ((int name, int[] others) in schema.DependentRequired)
        {
            if (isThere[name] && !AreThere(others, isThere))
            {
                return false;
            }
        }

        foreach ((int name, SchemaNode then) in schema.DependentSchemas)
        {
            if (isThere[name] && !Fulfils(then, whole))
            {
                return false;
            }
        }

        return true;
    }
}
