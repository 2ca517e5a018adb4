using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Models;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the properties that ops have in common, and keeps in mind where they name fields.</summary>
/// <param name="json">The op.</param>
/// <param name="faults">Takes what is wrong.</param>
/// <param name="lookups">The datasets that can be looked up; null where a stored definition is read, which was held against them.</param>
/// <param name="dataset">The dataset that is declared; null where that does not matter.</param>
internal sealed class OpReader(ObjectReader json, DefinitionFaults faults, LookupSources? lookups = null, string? dataset = null)
{
    /// <summary>Where the op names the fields that it works on: as many as <see cref="TransformOp.Fields"/>.</summary>
    public List<string> FieldPointers { get; } = [];

    /// <summary>Where the op describes the fields that it sets: as many as <see cref="TransformOp.Sets"/>.</summary>
    public List<SetPointer> SetPointers { get; } = [];

    /// <summary>The fields of a looked up dataset that are given to those that the op sets; null for one that there is not.</summary>
    public List<FieldDefinition?> Taken { get; } = [];

    /// <summary>The fields of its key to which those that the op works on are compared; null for one that there is not.</summary>
    public List<FieldDefinition?> Matched { get; } = [];

    public LookupSources? Lookups => lookups;

    /// <summary>The models that can score; null as for <see cref="Lookups"/>.</summary>
    public ModelSources? Models => lookups?.Models;

    public string? Dataset => dataset;

    /// <summary>Where its expression stands; null when it has none.</summary>
    public string? ExpressionPointer { get; set; }

    public ObjectReader Json => json;

    /// <summary><c>fields</c>: names and patterns, at least one.</summary>
    public ImmutableArray<string> Fields()
    {
        ImmutableArray<string> fields = json.Items("fields", (element, pointer) =>
        {
            string? text = json.TextOf(element, pointer);
            if (text is not null)
            {
                FieldPointers.Add(pointer);
            }

            return text;
        });
        CheckFilled("fields", fields, "the fields to work on, such as [\"email\", \"addr_*\"]", "Must have at least one field.");
        return fields.IsDefault ? [] : fields;
    }

    /// <summary><c>field</c>: the one field that is worked on.</summary>
    public ImmutableArray<string> Field()
    {
        if (RequiredText("field", "the field to work on") is not string name)
        {
            return [];
        }

        FieldPointers.Add(json.PointerTo("field"));
        return [name];
    }

    /// <summary><c>field</c> with <c>type</c>, <c>format</c> and <c>sqlType</c>: the one field that is set.</summary>
    public ImmutableArray<SetField> Set()
    {
        if (RequiredText("field", "the field that takes the result") is not string name)
        {
            json.Metadata("type", "format", "sqlType");
            return [];
        }

        SetPointers.Add(SetPointer.Of(json, "field"));
        return [ReadSet(json, name, FieldType.String)];
    }

    /// <summary><c>into</c>: the fields that are set, each a name or an object with <c>name</c>, <c>type</c> and <c>sqlType</c>.</summary>
    public ImmutableArray<SetField> Into()
    {
        ImmutableArray<SetField> sets = json.Items("into", (element, pointer) => ReadInto(element, pointer, FieldType.String));
        CheckFilled("into", sets, "the fields that take the parts, such as [\"first\", \"rest\"]", "Must have at least one field.");
        return sets.IsDefault ? [] : sets;
    }

    /// <summary><c>into</c> of fields that each take one thing of many, which an object names as its <c>source</c>.</summary>
    /// <param name="sourceOf">What a field takes whose source is not said, by its name.</param>
    /// <param name="sources">What each of the fields takes.</param>
    public ImmutableArray<SetField> IntoOf(Func<string, string> sourceOf, out ImmutableArray<string> sources)
    {
        List<string> found = [];
        ImmutableArray<SetField> sets = json.Items(
            "into",
            (element, pointer) => ReadInto(element, pointer, FieldType.String, (name, source) => found.Add(source ?? sourceOf(name))));
        sources = [.. found];
        return sets.IsDefault ? [] : sets;
    }

    /// <summary><c>rest</c>: the field that takes all else, as a JSON object.</summary>
    public SetField? Rest() =>
        json.TryGet("rest", out JsonElement rest) ? ReadInto(rest, json.PointerTo("rest"), FieldType.Object) : null;

    /// <summary><c>into</c> of an op that sets one whole number: a name or an object, also as the only entry of a list.</summary>
    /// <param name="meaning">What it is, for who has left it out.</param>
    public ImmutableArray<SetField> IntoOne(string meaning)
    {
        if (!json.TryGet("into", out JsonElement into))
        {
            json.Fault("into", $"Is missing: {meaning}.");
            return [];
        }

        if (into.ValueKind == JsonValueKind.Array)
        {
            if (into.GetArrayLength() != 1)
            {
                json.Fault("into", "Must have one field.");
                return [];
            }

            return json.Items("into", (element, pointer) => ReadInto(element, pointer, FieldType.Integer));
        }

        return ReadInto(into, json.PointerTo("into"), FieldType.Integer) is SetField set ? [set] : [];
    }

    /// <summary>Finds fault with a list that is missing or empty, unless its elements have faults of their own.</summary>
    /// <param name="name">The property.</param>
    /// <param name="list">What was read of it.</param>
    /// <param name="meaning">What it is, for who has left it out.</param>
    /// <param name="isEmpty">What to say of an empty one.</param>
    public void CheckFilled<T>(string name, ImmutableArray<T> list, string meaning, string isEmpty)
    {
        if (!json.TryGet(name, out JsonElement said))
        {
            json.Fault(name, $"Is missing: {meaning}.");
        }
        else if (list is { IsDefault: false, Length: 0 } && said.GetArrayLength() == 0)
        {
            json.Fault(name, isEmpty);
        }
    }

    /// <summary>A text that must be there.</summary>
    /// <param name="name">The property.</param>
    /// <param name="meaning">What it is, for who has left it out.</param>
    public string? RequiredText(string name, string meaning)
    {
        string? text = json.Text(name);
        if (text is null && !IsSaid(name))
        {
            json.Fault(name, $"Is missing: {meaning}.");
        }

        return text;
    }

    /// <summary>A text that must be there and not be empty.</summary>
    public string FilledText(string name, string meaning)
    {
        string? text = RequiredText(name, meaning);
        if (text is { Length: 0 })
        {
            json.Fault(name, "Must not be empty.");
        }

        return text ?? "";
    }

    /// <summary>A whole number that must be there.</summary>
    public int RequiredCount(string name, int min, int max, string meaning)
    {
        if (!json.TryGet(name, out _))
        {
            json.Fault(name, $"Is missing: {meaning}.");
            return min;
        }

        return Count(name, min, max, otherwise: min);
    }

    public int Count(string name, int min, int max, int otherwise)
    {
        if (!json.TryGet(name, out JsonElement value))
        {
            return otherwise;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max)
        {
            return number;
        }

        json.Fault(name, string.Create(CultureInfo.InvariantCulture, $"Must be a whole number from {min} to {max}."));
        return otherwise;
    }

    /// <summary>One character: a code point.</summary>
    public Rune Character(Rune otherwise)
    {
        if (json.Text("character") is not string text)
        {
            return otherwise;
        }

        if (text.Length > 0 && Rune.GetRuneAt(text, 0) is Rune rune && rune.Utf16SequenceLength == text.Length)
        {
            return rune;
        }

        json.Fault("character", "Must be one character.");
        return otherwise;
    }

    /// <summary>What data would write: a text, or a number or boolean of JSON, whose spelling is kept.</summary>
    public string? ValueOf(JsonElement value, string pointer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            case JsonValueKind.String:
                return json.TextOf(value, pointer);
            default:
                faults.Add(pointer, "Must be a text, a number or a boolean.");
                return null;
        }
    }

    public void Fault(string pointer, string message) => faults.Add(pointer, message);

    private bool IsSaid(string name) => json.TryGet(name, out _);

    private SetField? ReadInto(
        JsonElement element, string pointer, FieldType otherwise, Action<string, string?>? takeSource = null)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            if (json.TextOf(element, pointer) is not string plain)
            {
                return null;
            }

            SetPointers.Add(new SetPointer(pointer, pointer, pointer, pointer));
            takeSource?.Invoke(plain, null);
            return new SetField(plain);
        }

        ObjectReader field = ObjectReader.Open(element, pointer, faults)!;
        string? name = field.Text("name");
        if (name is null && !field.TryGet("name", out _))
        {
            field.Fault("name", "Is missing.");
        }

        SetField set = ReadSet(field, name ?? "", otherwise);
        string? source = takeSource is null ? null : field.Text("source");
        field.PassOverNull(["source"]);
        field.Finish();
        if (name is null)
        {
            return null;
        }

        takeSource?.Invoke(name, source);

        SetPointers.Add(SetPointer.Of(field, "name"));
        return set;
    }

    private SetField ReadSet(ObjectReader field, string name, FieldType otherwise)
    {
        bool isTyped = field.TryGet("type", out _);
        bool typeIsKnown = FieldReader.TryReadType(field, faults, out FieldType type);
        FieldDefinition meant = new()
        {
            Name = name,
            Type = isTyped ? type : otherwise,
            Format = FieldReader.ReadFormat(field),
        };
        return new SetField(
            name, isTyped && typeIsKnown ? type : null, FieldReader.ReadSqlType(field, meant, typeIsKnown))
        {
            Format = meant.Format == FieldFormats.Default ? null : meant.Format,
        };
    }
}

/// <summary>Where an op describes a field that it sets.</summary>
internal readonly record struct SetPointer(string Name, string Type, string Format, string SqlType)
{
    /// <summary>Of an object that says all of it, the name under a property of this name.</summary>
    public static SetPointer Of(ObjectReader json, string name) =>
        new(json.PointerTo(name), json.PointerTo("type"), json.PointerTo("format"), json.PointerTo("sqlType"));
}
