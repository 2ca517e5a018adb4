namespace PipelineService.Core.Parsing;

/// <summary>What a value of a record is by the way it is written, before anybody looks into it.</summary>
public enum ValueKind : byte
{
    /// <summary>The record does not have it.</summary>
    Absent,

    /// <summary>JSON's <c>null</c>.</summary>
    Null,

    /// <summary>A field of delimited text, or a JSON string.</summary>
    Text,

    Number,
    True,
    False,
    Object,
    Array,

    /// <summary>Not written at all, but computed: it is in the slot of its field.</summary>
    Typed,

    /// <summary>Written in binary form, as <see cref="Packed.PackedTag"/> says.</summary>
    Packed,
}
