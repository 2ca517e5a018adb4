namespace PipelineService.Datasets.Models;

/// <summary>Looks at tensors and names in a file of a model.</summary>
internal static class OnnxTensorFile
{
    /// <summary>Why a tensor is refused; null when it is not.</summary>
    /// <param name="names">Takes its name; null where it does not matter.</param>
    public static string? FaultOf(WireReader tensor, HashSet<string>? names)
    {
        while (tensor.Read())
        {
            switch (tensor.Field)
            {
                case 8:
                    names?.Add(tensor.Text);
                    break;
                case 13 or 14 when tensor.IsDelimited || tensor.Number != 0:
                    return "It keeps values in other files: export it into one file (onnx.save_model(model, path, "
                        + "save_as_external_data=False)).";
            }
        }

        return null;
    }

    /// <summary>A text of a message, the last of its number; empty for none.</summary>
    public static string NameIn(WireReader message, int field)
    {
        string name = "";
        while (message.Read())
        {
            if (message.Field == field)
            {
                name = message.Text;
            }
        }

        return name;
    }
}
