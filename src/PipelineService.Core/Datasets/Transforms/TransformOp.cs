using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// One entry of a definition's <c>transforms</c>: what is done to each record between reading and storing. One sealed record for each
/// op; already checked, as the definition that it is in.
/// </summary>
/// <remarks>
/// A list of ops has three phases. A field is text, as it was sent, until an op needs its declared type, or the end of the list; from
/// then on it is a value. Constraints are looked at last, on what is to be stored.
/// </remarks>
public abstract record TransformOp
{
    /// <summary>More ops than this are no contract that anybody reads.</summary>
    public const int CountMax = 500;

    /// <summary>
    /// Fields that all ops of a definition work on, one that several work on counted for each: each is a step for every record, and is kept
    /// as long as the definition is. Twenty ops on each of a table's columns are 31,960.
    /// </summary>
    public const int FieldsMax = 50_000;

    /// <summary>How often the patterns of all ops may be compared with the name of a field, which is done when a definition is read.</summary>
    public const int ComparisonsMax = 2_000_000;

    /// <summary>The op's word in definitions.</summary>
    public abstract string Word { get; }

    /// <summary>What counts and messages call it, when its author gave it a name.</summary>
    public string? Name { get; init; }

    /// <summary>The fields that it works on: names, and patterns in which <c>*</c> stands for any characters.</summary>
    public ImmutableArray<string> Fields { get; init; } = [];

    /// <summary>The fields that it gives a value to, beside those that it works on.</summary>
    public ImmutableArray<SetField> Sets { get; init; } = [];

    /// <summary>
    /// Whether a pattern takes a field; a plain name always does. By itself only fields of text: what is done to characters would spoil
    /// the text of a date or of JSON.
    /// </summary>
    public virtual bool SuitsPattern(FieldDefinition field) => field.Type is FieldType.String or FieldType.Any;

    /// <summary>The words of the types that a pattern takes.</summary>
    public virtual string PatternTypes => "string or any";

    /// <summary>The type of a field that it sets, where nobody says one.</summary>
    public virtual FieldType SetTypeOf(SetField set) => FieldType.String;

    /// <summary>How messages call it: by its name, or else by its word.</summary>
    public sealed override string ToString() => Name ?? Word;
}

/// <summary>A field that an op gives a value to. One that the schema does not declare is a column of its own.</summary>
/// <param name="Name">Its name, which is the column's.</param>
/// <param name="Type">Null where the schema or an op before declares it; else null means the op's <see cref="TransformOp.SetTypeOf"/>.</param>
/// <param name="SqlType">The column's type when it is not the default of the type.</param>
public sealed record SetField(string Name, FieldType? Type = null, SqlType? SqlType = null)
{
    /// <summary>As of a field of the schema; null is the default one.</summary>
    public string? Format { get; init; }

    /// <summary>The field that it is where nothing else declares it.</summary>
    /// <param name="otherwise">Its type where it says none: the op's <see cref="TransformOp.SetTypeOf"/>.</param>
    public FieldDefinition ToField(FieldType otherwise) => new()
    {
        Name = Name,
        Type = Type ?? otherwise,
        Format = Format ?? FieldFormats.Default,
        SqlType = SqlType,
    };
}
