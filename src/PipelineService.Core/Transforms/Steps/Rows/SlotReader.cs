using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>Gives the fields that an expression uses first their values in the slots; those that an op before has read are there.</summary>
internal sealed class SlotReader(ImmutableArray<FieldSlot> fields)
{
    /// <summary>Reads nothing.</summary>
    public static readonly SlotReader None = new([]);

    private readonly FieldSlot[] _fields = [.. fields];

    /// <returns>Kept, or rejected for the first field whose text is no value of it.</returns>
    public StepResult Read(OpenRecord record)
    {
        foreach (FieldSlot field in _fields)
        {
            RecordErrorCode code = field.Read(record);
            if (code != RecordErrorCode.None)
            {
                return StepResult.Rejected((short)field.Index, code);
            }
        }

        return StepResult.Kept;
    }
}
