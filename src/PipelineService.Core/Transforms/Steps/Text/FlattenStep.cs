using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// Gives the members of an object to fields. Their values are not copied, except for text with escapes, whose spelling may not be that
/// of the format.
/// </summary>
internal sealed class FlattenStep(StepField field, ImmutableArray<int> sets, FlattenOp op) : RecordStep
{
    private readonly FlattenPlan _plan = new(field.Index, sets, op);
    private readonly int[] _sets = [.. sets];

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives => sets;

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        ValueKind kind = record.KindOf(field.Index);
        bool isText = record.TryGetText(field.Index, out ReadOnlySpan<byte> json);
        bool isMissing = kind <= ValueKind.Null || (isText && kind == ValueKind.Text && field.IsMissing(json));
        RecordValue whole = record.ValueOf(field.Index);
        foreach (int set in _sets)
        {
            record.Remove(set);
        }

        if (isMissing)
        {
            return StepResult.Kept;
        }

        RecordErrorCode code = isText && Utf8.IsValid(json) ? Flatten(record, json, whole) : RecordErrorCode.InvalidUtf8;
        return code == RecordErrorCode.None ? StepResult.Kept : StepResult.Rejected((short)field.Index, code);
    }

    private RecordErrorCode Flatten(OpenRecord record, ReadOnlySpan<byte> json, RecordValue whole)
    {
        int start = JsonGrammar.EndOfBlanks(json, 0);
        int end = JsonGrammar.ByteAt(json, start) == '{' ? JsonGrammar.EndOfValue(json, start, depth: 0) : JsonGrammar.Malformed;
        if (end == JsonGrammar.Malformed || JsonGrammar.EndOfBlanks(json, end) != json.Length)
        {
            return RecordErrorCode.TypeMismatch;
        }

        Span<byte> name = stackalloc byte[FlattenOp.MemberBytesMax];
        Span<MemberName> path = stackalloc MemberName[FlattenOp.DepthMax + 1];
        FlattenWalk walk = new(_plan, record, json, whole, name, path);
        RecordErrorCode code = walk.GiveMembers(start);
        return code == RecordErrorCode.None && _plan.RestField >= 0 ? walk.WriteRest(start) : code;
    }
}
