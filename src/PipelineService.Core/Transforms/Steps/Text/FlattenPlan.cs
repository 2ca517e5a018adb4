using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>A <see cref="FlattenOp"/> compiled: which member goes to which field.</summary>
internal sealed class FlattenPlan
{
    private readonly JsonFieldNames _members;
    private readonly int[] _fieldOfSlot;

    /// <param name="field">Index of the field that has the object.</param>
    /// <param name="sets">Indexes of those that take its members; the last one that of the rest, where the op has one.</param>
    /// <param name="op">The op.</param>
    public FlattenPlan(int field, ImmutableArray<int> sets, FlattenOp op)
    {
        Field = field;
        RestField = op.Rest is null ? -1 : sets[^1];
        Separator = System.Text.Encoding.UTF8.GetBytes(op.Separator);
        WrittenSeparator = System.Text.Json.JsonEncodedText.Encode(op.Separator).EncodedUtf8Bytes.ToArray();
        Depth = op.Depth;
        _members = new JsonFieldNames(new TableSchema { Fields = [.. op.Members.Select(name => new FieldDefinition { Name = name })] });
        _fieldOfSlot = [.. sets.Take(op.Members.Length)];
    }

    public int Field { get; }

    /// <summary>Index of the field that takes what no other does, or −1.</summary>
    public int RestField { get; }

    /// <summary>Text between names.</summary>
    public byte[] Separator { get; }

    /// <summary>The same as JSON has it in strings.</summary>
    public byte[] WrittenSeparator { get; }

    /// <summary>How many objects in one another are looked into.</summary>
    public int Depth { get; }

    /// <summary>Index of the field that takes a member, or −1.</summary>
    public int FieldOf(ReadOnlySpan<byte> member)
    {
        int slot = _members.Find(member);
        return slot == JsonFieldNames.Unknown ? -1 : _fieldOfSlot[slot];
    }
}
