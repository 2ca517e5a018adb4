using System.Globalization;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>
/// What all ops of a definition together may name. One of some kilobytes could otherwise ask for a million steps a record, or for as many
/// comparisons to find that out.
/// </summary>
/// <param name="scope">The fields that there are at the place of the op.</param>
/// <param name="faults">Is told once, when there is no room any more.</param>
internal sealed class OpRoom(FieldScope scope, DefinitionFaults faults)
{
    private const string Pointer = "/transforms";

    private long _fields;
    private long _comparisons;
    private bool _isFull;

    /// <summary>Whether there is room for an op, which is taken then. Once there is none, there is none for any behind it.</summary>
    public bool Takes(TransformOp op)
    {
        if (_isFull)
        {
            return false;
        }

        _comparisons += op.Fields.Count(scope.IsPattern) * (long)scope.Fields.Count;
        if (_comparisons > TransformOp.ComparisonsMax)
        {
            return Refuse("There are too many patterns for so many fields: name the fields, or use patterns that match more of them.");
        }

        _fields += op.Fields.Sum(text => (long)scope.Find(text, op).Count());
        return _fields <= TransformOp.FieldsMax || Refuse(string.Create(
            CultureInfo.InvariantCulture,
            $"The ops work on more than {TransformOp.FieldsMax:N0} fields, one that several work on counted for each: name those that "
                + $"need it."));
    }

    private bool Refuse(string sentence)
    {
        _isFull = true;
        faults.Add(Pointer, sentence);
        return false;
    }
}
