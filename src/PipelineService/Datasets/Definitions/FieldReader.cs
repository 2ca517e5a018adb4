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
            Path = ReadPath(field),
            SqlType = ReadSqlType(field, typed, typeIsKnown),
            Constraints = ConstraintsReader.Read(field.Object("constraints"), type, faults),
            MissingValues = LabelledTexts.ReadMissingValues(field, faults),
            Categories = LabelledTexts.ReadCategories(field, faults),
            CategoriesOrdered = field.Flag("categoriesOrdered"),
            DecimalChar = field.Text("decimalChar") ?? defaults.DecimalChar,
            GroupChar = field.Text("groupChar") is { Length: > 0 } mark ? mark : null,
            BareNumber = field.Boolean("bareNumber", defaults.BareNumber),
            TrueValues = field.Texts("trueValues", defaults.TrueValues),
            FalseValues = field.Texts("falseValues", defaults.FalseValues),
        };

        if (typeIsKnown)
        {
            RefuseForeignProperties(field, type);
        }

        field.Metadata("example", "rdfType");
        field.PassOverOthers(MisplacedWords.OfField);
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

    private static FieldPath? ReadPath(ObjectReader field)
    {
        string? fault = null;
        FieldPath? path = field.Text("path") is string text ? FieldPath.Parse(text, out fault) : null;
        if (fault is not null)
        {
            field.Fault(
                "path",
                $"The path {fault}: write \"/geo/lat\" or \"geo.lat\", and \"^/host\" for what stands beside dialect.items.");
        }

        return path;
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
        faults.MarkUnreadable(field.PointerTo("categories"));
        return false;
    }

    /// <summary>Version 0 of the standard wrote patterns with "fmt:" before them, and readers must take it off.</summary>
    internal static string ReadFormat(ObjectReader field)
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
            ("categories", [FieldType.String, FieldType.Integer]),
            ("categoriesOrdered", [FieldType.String, FieldType.Integer]),
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
