using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>Steps as small as they can be: one for each thing that a step may do.</summary>
internal static class PlainSteps
{
    /// <summary>Puts a prefix before the text of a field.</summary>
    public static RecordStep Prefix(int field, string prefix) => new Step(record =>
    {
        if (record.TryGetText(field, out ReadOnlySpan<byte> text))
        {
            byte[] prefixed = [.. System.Text.Encoding.UTF8.GetBytes(prefix), .. text];
            record.SetText(field, prefixed);
        }

        return StepResult.Kept;
    });

    /// <summary>Gives a field the text of another, or what kind of value that has where it has no text.</summary>
    public static RecordStep Copy(int from, int to) => new Step(
        record =>
        {
            record.SetText(
                to, record.TryGetText(from, out ReadOnlySpan<byte> text) ? text : System.Text.Encoding.UTF8.GetBytes($"{record.KindOf(from)}"));
            return StepResult.Kept;
        },
        to);

    public static RecordStep Remove(int field) => new Step(record =>
    {
        record.Remove(field);
        return StepResult.Kept;
    });

    /// <summary>Leaves records out whose field has a text.</summary>
    public static RecordStep Filter(int field, string text) => When(field, text, StepResult.Filtered);

    /// <summary>Rejects records whose field has a text, for the fault of a field.</summary>
    public static RecordStep Reject(int field, string text, short atFault) =>
        When(field, text, StepResult.Rejected(atFault, RecordErrorCode.Expression));

    private static Step When(int field, string text, StepResult result)
    {
        byte[] expected = System.Text.Encoding.UTF8.GetBytes(text);
        return new(record => record.TryGetText(field, out ReadOnlySpan<byte> found) && found.SequenceEqual(expected)
            ? result
            : StepResult.Kept);
    }

    private delegate StepResult Work(OpenRecord record);

    private sealed class Step(Work work, params ImmutableArray<int> gives) : RecordStep
    {
        public override ImmutableArray<int> Gives => gives;

        public override StepResult Apply(OpenRecord record) => work(record);
    }
}
