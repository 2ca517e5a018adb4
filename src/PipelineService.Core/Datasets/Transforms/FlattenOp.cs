using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// Gives the members of one field's JSON object to fields of their own, also those of objects in it: <c>{"geo":{"lat":1}}</c> has a
/// member <c>geo_lat</c>.
/// </summary>
public sealed record FlattenOp : TransformOp
{
    /// <summary>Bytes of the name of a member that is looked for, at most.</summary>
    public const int MemberBytesMax = 1_000;

    /// <summary>Deepest object in an object.</summary>
    public const int DepthMax = 64;

    public override string Word => "flatten";

    /// <summary>Text between the names of members and of what is in them.</summary>
    public string Separator { get; init; } = "_";

    /// <summary>How many objects in one another are looked into; what is deeper stays JSON.</summary>
    public int Depth { get; init; } = DepthMax;

    /// <summary>The names of the members, one for each of the fields that are set.</summary>
    public ImmutableArray<string> Members { get; init; } = [];

    /// <summary>The field that takes the members that no other does, which is the last that is set; null: they go nowhere.</summary>
    public string? Rest { get; init; }

    public override FieldType SetTypeOf(SetField set) => set.Name == Rest ? FieldType.Object : FieldType.String;

    /// <summary>The name of the member that a field takes where the definition does not say it.</summary>
    public static string MemberOf(string name, string field, string separator) =>
        name.StartsWith(field + separator, StringComparison.Ordinal) && name.Length > field.Length + separator.Length ? name[(field.Length + separator.Length)..] : name;
}
