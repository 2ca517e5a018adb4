using System.Collections.Immutable;
using System.Text.Json;
using FluentValidation;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions.Tests;
using PipelineService.Datasets.Definitions.Transforms;
using PipelineService.Datasets.Lookups;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads the JSON of a definition: first its form, property by property, then its meaning
/// (<see cref="DeclarationValidator"/>). All faults of both are found in one go.
/// </summary>
/// <remarks>
/// The document is a Frictionless Data Resource. What the standard says and this version does not do is refused with a
/// sentence, never ignored; properties that only inform people (<c>licenses</c>, <c>example</c> and so on) are taken and
/// not kept, and so are those of somebody's own, which the standard allows. Source: https://datapackage.org/standard/data-resource/.
/// </remarks>
public static class DefinitionReader
{
    /// <summary>A format that is delimited text with another delimiter.</summary>
    private const string Tabbed = "tsv";

    /// <summary>Properties of a resource that say nothing about its loading, those of earlier versions of the standard included.</summary>
    private static readonly string[] ResourceMetadata =
    [
        "path", "url", "$schema", "homepage", "sources", "licenses", "license", "mediatype", "bytes", "hash", "version",
        "keywords", "contributors", "created", "image", "hashing", "scheme", "stats",
    ];

    private static readonly DeclarationValidator OfDeclared = new();
    private static readonly DefinitionValidator OfStored = new();

    /// <summary>Reads a definition that is declared; a definition that comes back has no faults.</summary>
    /// <param name="json">The document; every text in it is valid Unicode, see <see cref="DefinitionBody"/>.</param>
    /// <param name="dataset">The dataset's name, which the table takes when the definition names none.</param>
    /// <param name="errors">JSON pointer → what is wrong there; empty on success.</param>
    public static DatasetDefinition? Read(
        JsonElement json, string dataset, out IReadOnlyDictionary<string, string[]> errors)
    {
        var faults = new DefinitionFaults();
        DatasetDefinition? definition = Read(json, dataset, LookupSources.None, faults);
        errors = faults.ToErrors();
        return definition;
    }

    /// <summary>Reads the definition of a version that was declared once, perhaps when less was asked of it.</summary>
    /// <inheritdoc cref="Read(JsonElement, string, out IReadOnlyDictionary{string, string[]})"/>
    internal static DatasetDefinition? ReadStored(
        JsonElement json, string dataset, out IReadOnlyDictionary<string, string[]> errors)
    {
        var faults = new DefinitionFaults();
        DatasetDefinition? definition = Read(json, dataset, OfStored, lookups: null, faults);
        errors = faults.ToErrors();
        return definition;
    }

    /// <summary>One that is declared, with its warnings.</summary>
    /// <param name="lookups">The datasets that it looks up.</param>
    internal static DatasetDefinition? Read(JsonElement json, string dataset, LookupSources lookups, DefinitionFaults faults) =>
        Read(json, dataset, OfDeclared, lookups, faults);

    private static DatasetDefinition? Read(
        JsonElement json, string dataset, IValidator<DatasetDefinition> validator, LookupSources? lookups, DefinitionFaults faults)
    {
        DatasetDefinition? definition = null;
        if (json.ValueKind != JsonValueKind.Object)
        {
            faults.Add("", "Must be an object with a schema in it: { \"schema\": { \"fields\": [ … ] } }.");
        }
        else if (ObjectReader.Open(json, "", faults) is ObjectReader resource)
        {
            definition = ReadResource(resource, dataset, lookups, faults);
            AddFaultsOfMeaning(definition, validator, faults);
        }

        return faults.Any ? null : definition;
    }

    private static void AddFaultsOfMeaning(
        DatasetDefinition definition, IValidator<DatasetDefinition> validator, DefinitionFaults faults)
    {
        // Collected before they are added: two faults of meaning at one place must not hide each other.
        (string Pointer, string Message)[] found =
        [
            .. validator.Validate(definition).Errors
                .Select(e => (Pointer: JsonPointer.FromPropertyPath(e.PropertyName), e.ErrorMessage))
                .Where(e => !faults.Hides(e.Pointer)),
        ];

        foreach ((string pointer, string message) in found)
        {
            faults.Add(pointer, message);
        }
    }

    private static DatasetDefinition ReadResource(
        ObjectReader resource, string dataset, LookupSources? lookups, DefinitionFaults faults)
    {
        bool isTabbed = resource.TryGet("format", out JsonElement format) && format.ValueKind == JsonValueKind.String
            && Tabbed.Equals(format.GetString(), StringComparison.OrdinalIgnoreCase);
        DataFormat written = isTabbed
            ? DataFormat.Csv
            : resource.Choice("format", DefinitionWords.Formats, DataFormat.Csv, MisplacedWords.OfFormat);
        ObjectReader? dialect = resource.Object("dialect");
        var definition = new DatasetDefinition
        {
            Title = resource.Text("title"),
            Description = resource.Text("description"),
            Format = written,
            Compression = ReadCompression(resource),
            Encoding = ReadEncoding(resource, written),
            Items = JsonItemsReader.Read(dialect, written),
            Dialect = DialectReader.Read(
                dialect, CsvDialect.Default with { Delimiter = isTabbed ? "\t" : CsvDialect.Default.Delimiter }),
            Schema = ReadSchema(resource, faults),
            Load = ReadLoad(resource.Object("load"), dataset),
            Rejects = ReadRejects(resource.Object("rejects")),
            Tests = ReadTests(resource, faults),
        };
        JsonItemsReader.CheckKeys(dialect, definition);
        definition = definition with
        {
            Transforms = TransformsReader.Read(resource, definition.Schema, definition.Load.Lineage, lookups, dataset, faults),
            Lookup = LookupReader.Read(resource, definition),
        };
        LookupReader.CheckKey(resource, definition);
        QualityPolicy? quality = QualityReader.Read(resource, definition, faults);
        definition = definition with
        {
            Profile = QualityReader.ReadProfile(resource, isNeeded: quality is not null),
            Quality = quality,
            Views = new ViewsReader(definition, faults).Read(resource),
        };

        if (resource.Text("type") is not (null or "table"))
        {
            resource.Fault("type", "Only resources of type \"table\" can be loaded.");
        }

        DefinitionEnvelope.CheckName(resource, dataset);
        if (resource.TryGet("data", out _))
        {
            faults.Warn("/data", "The data is not loaded from here: send it as an upload.");
        }

        resource.Metadata(ResourceMetadata);
        resource.PassOverOthers(MisplacedWords.OfResource);
        return definition;
    }

    /// <summary>The standard's earlier versions know it, and so do other tools, by other words.</summary>
    private static FileCompression ReadCompression(ObjectReader resource)
    {
        string? word = resource.Text("compression");
        foreach ((string elsewhere, FileCompression meant) in DefinitionWords.CompressionsElsewhere)
        {
            if (elsewhere.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return meant;
            }
        }

        return word is null ? FileCompression.None
            : resource.Choose("compression", word, DefinitionWords.Compressions, FileCompression.None, MisplacedWords.OfCompression);
    }

    private static TextEncoding ReadEncoding(ObjectReader resource, DataFormat format)
    {
        if (resource.Text("encoding") is not string name)
        {
            return TextEncoding.Utf8;
        }

        var encoding = TextEncoding.Find(name);
        if (encoding is null)
        {
            resource.Fault("encoding", $"\"{Excerpt.Of(name)}\" is not known here: use one of {TextEncoding.Names}.");
        }
        else if (!encoding.IsUnicode && format is (DataFormat.Ndjson or DataFormat.Json or DataFormat.JsonSequence))
        {
            resource.Fault("encoding", "JSON is in UTF-8 or UTF-16: leave it out, and convert what is not with iconv.");
        }

        return encoding ?? TextEncoding.Utf8;
    }

    private static ImmutableArray<DatasetTest> ReadTests(ObjectReader resource, DefinitionFaults faults)
    {
        ImmutableArray<DatasetTest> tests =
            resource.Items("tests", (element, pointer) => DatasetTestReader.Read(element, pointer, faults));
        if (!tests.IsDefault && tests.Length > DatasetTestReader.CountMax)
        {
            resource.Fault("tests", $"There are more than {DatasetTestReader.CountMax} of them.");
        }

        return tests.IsDefault ? [] : tests;
    }

    private static TableSchema ReadSchema(ObjectReader resource, DefinitionFaults faults)
    {
        if (resource.Object("schema") is not ObjectReader schema)
        {
            if (!resource.TryGet("schema", out _))
            {
                resource.Fault("schema", "Is missing: the fields must be declared.");
            }

            faults.MarkUnreadable(resource.PointerTo("schema"));
            return new TableSchema { Fields = [] };
        }

        // More than a table can have are not read: a body holds hundreds of thousands, each looked at from every side.
        bool areTooMany = schema.TryGet("fields", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            && list.GetArrayLength() > TableSchemaValidator.FieldsMax;
        if (areTooMany)
        {
            schema.Fault("fields", TableSchemaValidator.FieldCountFault);
        }

        ImmutableArray<FieldDefinition> fields =
            areTooMany ? default : schema.Items("fields", (element, pointer) => FieldReader.Read(element, pointer, faults));
        if (fields.IsDefault)
        {
            if (!schema.TryGet("fields", out _))
            {
                schema.Fault("fields", "Is missing: the fields must be declared.");
            }

            faults.MarkUnreadable(schema.PointerTo("primaryKey"));
            faults.MarkUnreadable(schema.PointerTo("uniqueKeys"));
            faults.MarkUnreadable(schema.PointerTo("foreignKeys"));
        }

        ImmutableArray<string> key = KeysReader.ReadPrimaryKey(schema);
        string? rest = RestReader.Read(schema, fields);
        var read = new TableSchema
        {
            Fields = fields.IsDefault ? [] : RestReader.WithRest(RequireKey(fields, key), rest),
            FieldsMatch = ReadFieldsMatch(schema),
            MissingValues = LabelledTexts.ReadMissingValues(schema, faults) ?? [""],
            PrimaryKey = key,
            UniqueKeys = KeysReader.ReadUniqueKeys(schema),
            ForeignKeys = KeysReader.ReadForeignKeys(schema, faults),
            Rest = rest,
        };

        schema.Metadata("$schema", "name", "title", "description", "homepage", "profile", "version", "keywords");
        schema.PassOverOthers(MisplacedWords.OfSchema);
        return read;
    }

    /// <summary>The standard: to be in the primary key is equivalent to <c>required: true</c>.</summary>
    private static ImmutableArray<FieldDefinition> RequireKey(
        ImmutableArray<FieldDefinition> fields, ImmutableArray<string> key) =>
    [
        .. fields.Select(field => key.Contains(field.Name)
            ? field with { Constraints = field.Constraints with { Required = true } }
            : field),
    ];

    private static LoadPolicy ReadLoad(ObjectReader? load, string dataset)
    {
        if (load is null)
        {
            return new LoadPolicy { Table = TableNameText.DefaultOf(dataset) };
        }

        TableName? table = null;
        if (load.Text("table") is string text && (table = TableNameText.Parse(text)) is null)
        {
            load.Fault("table", "Must be a table, or a schema and a table with a dot between; names with dots in quotes.");
        }

        LoadMode mode = load.Choice("mode", DefinitionWords.Modes, LoadMode.Append, MisplacedWords.OfMode);
        CommitPolicy commit = load.Choice("commit", DefinitionWords.Commits, CommitPolicy.Job);
        if (mode == LoadMode.Replace && commit == CommitPolicy.Chunk)
        {
            load.Fault(
                "commit", "Rows that take the place of others do so in one moment, with all of their upload: leave it out, or "
                    + "use \"job\".");
        }

        var read = new LoadPolicy
        {
            Table = table ?? TableNameText.DefaultOf(dataset),
            Mode = mode,
            Commit = commit,
            Lineage = load.Boolean("lineage", otherwise: true),
            KeepUpload = ReadKeepUpload(load),
        };
        load.Finish(MisplacedWords.OfLoad);
        return read;
    }

    private static TimeSpan? ReadKeepUpload(ObjectReader load)
    {
        if (load.Text("keepUpload") is not string text)
        {
            return null;
        }

        if (DurationText.Parse(text) is not TimeSpan time)
        {
            load.Fault(
                "keepUpload",
                "Must be a duration of weeks, or of days, hours, minutes and seconds, as ISO 8601 writes it: \"P7D\", \"PT12H\". Years and "
                + "months have no fixed length.");
            return null;
        }

        return time;
    }

    private static RejectLimits ReadRejects(ObjectReader? rejects)
    {
        if (rejects is null)
        {
            return RejectLimits.None;
        }

        double? ratio = null;
        if (rejects.TryGet("maxRatio", out JsonElement value))
        {
            if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number))
            {
                ratio = number;
            }
            else
            {
                rejects.Fault("maxRatio", "Must be a number from 0 to 1, or null for no limit.");
            }
        }

        var read = new RejectLimits(rejects.Count("maxCount", long.MaxValue), ratio);
        rejects.Finish();
        return read;
    }

    private static FieldsMatch? ReadFieldsMatch(ObjectReader schema)
    {
        switch (schema.Names("fieldsMatch"))
        {
            case []:
                return null;
            case [string word]:
                return schema.Choose<FieldsMatch?>("fieldsMatch", word, DefinitionWords.FieldsMatches, null);
            default:
                schema.Fault("fieldsMatch", "Must be one word.");
                return null;
        }
    }
}
