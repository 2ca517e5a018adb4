using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions;

/// <summary>Reads one field of a schema. Source: https://datapackage.org/standard/table-schema/#field.</summary>
internal static class FieldReader
{
    /// <summary>Reads a field; what could not be read has its default, so that every field keeps its index.</summary>
    public static FieldDefinition Read(JsonElement json, string pointer, DefinitionFaults faults)
    {
        var defaults = new FieldDefinition { Name = "" };
        if (ObjectReader.Open(json, pointer, faults) is not ObjectReader field)
        {
            return defaults;
        }

        bool typeIsKnown = TryReadType(field, faults, out FieldType type);
        FieldDefinition typed = defaults with
        {
            Type = type,
            Format = ReadFormat(field),
            Delimiter = field.Text("delimiter") ?? defaults.Delimiter,
            ItemType = field.Choice("itemType", DefinitionWords.ItemTypes, defaults.ItemType),
        };
        FieldDefinition read = typed with
        {
            Name = ReadName(field),
            Title = field.Text("title"),
            Description = field.Text("description"),
            Source = field.Text("source"),
            SqlType = ReadSqlType(field, typed, typeIsKnown),
            Constraints = ReadConstraints(field.Object("constraints"), faults),
            DecimalChar = field.Text("decimalChar") ?? defaults.DecimalChar,
            GroupChar = field.Text("groupChar"),
            BareNumber = field.Boolean("bareNumber", defaults.BareNumber),
            TrueValues = field.Texts("trueValues", defaults.TrueValues),
            FalseValues = field.Texts("falseValues", defaults.FalseValues),
        };

        if (typeIsKnown)
        {
            RefuseForeignProperties(field, type);
        }

        field.Unsupported("missingValues", hint: "missing values are declared for the whole schema.");
        field.Metadata("example", "rdfType", "categories", "categoriesOrdered");
        field.Finish(MisplacedWords.OfField);
        return read;
    }

    private static string ReadName(ObjectReader field)
    {
        string? name = field.Text("name");
        if (name is null && !field.TryGet("name", out _))
        {
            field.Fault("name", "Is missing.");
        }

        return name ?? "";
    }

    internal static bool TryReadType(ObjectReader field, DefinitionFaults faults, out FieldType type)
    {
        type = FieldType.Any;
        if (!field.TryGet("type", out _))
        {
            return true;
        }

        if (field.Text("type") is string word)
        {
            if (DefinitionWords.FieldTypes.FirstOrDefault(t => t.Word.Equals(word, StringComparison.OrdinalIgnoreCase))
                is { Word: not null } known)
            {
                type = known.Value;
                return true;
            }
            else
            {
                field.Fault("type", TypeAdvice.ForUnknown(word));
            }
        }

        faults.MarkUnreadable(field.PointerTo("sqlType"));
        faults.MarkUnreadable(field.PointerTo("constraints"));
        return false;
    }

    /// <summary>Version 0 of the standard wrote patterns with "fmt:" before them, and readers must take it off.</summary>
    private static string ReadFormat(ObjectReader field)
    {
        const string Prefix = "fmt:";
        string format = field.Text("format") ?? FieldFormats.Default;
        return format.StartsWith(Prefix, StringComparison.Ordinal) ? format[Prefix.Length..] : format;
    }

    internal static SqlType? ReadSqlType(ObjectReader field, FieldDefinition typed, bool typeIsKnown)
    {
        if (field.Text("sqlType") is not string text)
        {
            return null;
        }

        (SqlType? sqlType, string? fault) = SqlTypeText.Parse(text);
        if (sqlType is null)
        {
            string allowed = typeIsKnown ? $" Use one of {FieldCapabilities.AllowedSqlTypes(typed)}." : "";
            field.Fault("sqlType", fault ?? $"\"{Excerpt.Of(text)}\" is not a column type that can be loaded.{allowed}");
        }

        // To name the default is to name nothing: the two definitions are one.
        return sqlType == typed.DefaultColumnType ? null : sqlType;
    }

    private static FieldConstraints ReadConstraints(ObjectReader? constraints, DefinitionFaults faults)
    {
        if (constraints is null)
        {
            return FieldConstraints.None;
        }

        var read = new FieldConstraints
        {
            Required = constraints.Boolean("required", otherwise: false),
            Minimum = ReadBound(constraints, "minimum", faults),
            Maximum = ReadBound(constraints, "maximum", faults),
            MinLength = (int?)constraints.Count("minLength", int.MaxValue),
            MaxLength = (int?)constraints.Count("maxLength", int.MaxValue),
            Pattern = constraints.Text("pattern"),
            Enum = ReadEnum(constraints, faults),
        };

        foreach (string name in DefinitionWords.UnsupportedConstraints)
        {
            constraints.Unsupported(name, v => v.ValueKind == JsonValueKind.False);
        }

        constraints.Finish(MisplacedWords.OfConstraints);
        return read;
    }

    private static string? ReadBound(ObjectReader constraints, string name, DefinitionFaults faults) =>
        constraints.TryGet(name, out JsonElement value)
            ? ReadScalar(constraints, value, constraints.PointerTo(name), faults)
            : null;

    private static ImmutableArray<string> ReadEnum(ObjectReader constraints, DefinitionFaults faults)
    {
        ImmutableArray<string> members =
            constraints.Items("enum", (element, pointer) => ReadScalar(constraints, element, pointer, faults));
        if (members is { IsDefault: false, Length: 0 })
        {
            constraints.Fault("enum", "Must have at least one member.");
        }

        return members.IsDefault ? [] : members;
    }

    /// <summary>A value of the field's own type: as text, or as a JSON number or boolean whose spelling is kept.</summary>
    private static string? ReadScalar(ObjectReader reader, JsonElement value, string pointer, DefinitionFaults faults)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return reader.TextOf(value, pointer);
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            default:
                faults.Add(pointer, "Must be a text, a number or a boolean.");
                return null;
        }
    }

    /// <summary>Properties that belong to other types: harmless, but the client meant something by them.</summary>
    private static void RefuseForeignProperties(ObjectReader field, FieldType type)
    {
        ReadOnlySpan<(string Name, FieldType[] Types)> owned =
        [
            ("decimalChar", [FieldType.Number]),
            ("groupChar", [FieldType.Number, FieldType.Integer]),
            ("bareNumber", [FieldType.Number, FieldType.Integer]),
            ("trueValues", [FieldType.Boolean]),
            ("falseValues", [FieldType.Boolean]),
            ("delimiter", [FieldType.List]),
            ("itemType", [FieldType.List]),
        ];

        foreach ((string name, FieldType[] types) in owned)
        {
            if (!types.Contains(type) && field.TryGet(name, out _))
            {
                string words = string.Join(" and ", types.Select(t => DefinitionWords.FieldTypes.WordFor(t)));
                field.Fault(name, $"Belongs to fields of type {words}.");
            }
        }
    }
}
