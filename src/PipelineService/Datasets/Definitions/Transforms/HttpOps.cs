using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the op that asks a service. Whether there is such a service is looked at when all is known.</summary>
internal static class HttpOps
{
    /// <summary>More would be a record that is sent elsewhere.</summary>
    private const int InputsMax = 64;

    private const string Inputs = "inputs", Set = "set";

    public static TransformOp ReadHttp(OpReader op)
    {
        string service = op.FilledText("service", "the service that is asked, by the name that the operator has given to it, such as \"geo\"");
        List<(string Input, string Field)> inputs =
            PairReader.Read(op, Inputs, "what the service is asked by: { \"ip\": \"client_ip\" }, its name first");
        List<(string Field, string Pointer)> set =
            PairReader.Read(op, Set, "what is taken of the answer: { \"city\": \"/city\" }, the own field first");
        op.FieldPointers.AddRange(inputs.Select(pair => JsonPointer.Append(op.Json.PointerTo(Inputs), pair.Input)));
        op.SetPointers.AddRange(set.Select(pair => PairReader.PointerOf(op, Set, pair.Field)));
        if (inputs.Count > InputsMax)
        {
            op.Json.Fault(Inputs, $"There must be at most {InputsMax} of them.");
        }

        for (int i = 0; i < set.Count; i++)
        {
            if (AnswerPaths.FaultOf(set[i].Pointer) is { } fault)
            {
                op.Fault(op.SetPointers[i].Name, $"\"{Excerpt.Of(set[i].Pointer)}\" {fault}: a place in the answer is such as \"/city\" or \"/geo/lat\".");
            }
        }

        return new HttpOp
        {
            Service = service,
            Inputs = [.. inputs.Select(pair => pair.Input)],
            Fields = [.. inputs.Select(pair => pair.Field)],
            Pointers = [.. set.Select(pair => pair.Pointer)],
            Sets = PairReader.WithTypes(op, [.. set.Select(pair => new SetField(pair.Field))]),
            Missing = op.Json.Choice("missing", OpWords.OnMissings, OnMissing.Reject),
            Unavailable = op.Json.Choice("unavailable", OpWords.OnUnavailables, OnUnavailable.Wait),
            OnError = op.Json.Choice("onError", OpWords.OnErrors, OnError.Reject),
            Pii = op.Json.Boolean("pii", otherwise: false),
        };
    }
}
